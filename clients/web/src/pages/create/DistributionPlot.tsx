import { type DistributionShape, densityOf } from "../../plots/distributionShape";
import { formatValue } from "../../store/format";

const WIDTH = 320;
const HEIGHT = 80;

interface Props {
  readonly shape: DistributionShape;
  /** The distribution in words, for those who do not see the plot. */
  readonly label: string;
  /** A plot without its axis, to stand in a row. */
  readonly isSmall?: boolean;
}

/** Draws how likely the values of a parameter are. */
export function DistributionPlot({ shape, label, isSmall = false }: Props) {
  if (shape.kind === "choices" && !isSmall) return <ChoiceBars shape={shape} />;
  const bars = barsOf(shape);
  const path = shape.kind === "density" ? curve(bars) : bars.map(outline).join(" ");
  return (
    <div className={isSmall ? "distribution small" : "distribution"}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        {!isSmall && shape.kind === "density" && shape.isLog && <Decades shape={shape} />}
        <path d={path} />
      </svg>
      {!isSmall && shape.kind !== "choices" && <Axis shape={shape} />}
    </div>
  );
}

interface Bar {
  readonly x: number;
  readonly width: number;
  readonly y: number;
}

function barsOf(shape: DistributionShape): Bar[] {
  const heights =
    shape.kind === "density"
      ? shape.parts.map((part) => densityOf(part, shape.isLog))
      : (shape.kind === "steps" ? shape.steps : shape.choices).map(
          ({ probability }) => probability,
        );
  const most = Math.max(...heights, Number.MIN_VALUE);
  const each = WIDTH / heights.length;
  const gap = shape.kind === "density" ? 0 : Math.min(each * 0.25, 6);
  // A flat density fills three quarters, so that it is seen to be one.
  return heights.map((height, index) => ({
    x: round(index * each + gap / 2),
    width: round(each - gap),
    y: round(HEIGHT - (height / most) * HEIGHT * 0.85),
  }));
}

function outline({ x, width, y }: Bar): string {
  return `M${x} ${HEIGHT} V${y} H${x + width} V${HEIGHT} Z`;
}

/** Returns the area below a line through the middles of bars. */
function curve(bars: readonly Bar[]): string {
  const points = bars.map(({ x, width, y }) => `L${round(x + width / 2)} ${y}`).join(" ");
  return `M0 ${HEIGHT} V${bars[0]?.y ?? 0} ${points} L${WIDTH} ${bars.at(-1)?.y ?? 0} V${HEIGHT} Z`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

type Numeric = Extract<DistributionShape, { kind: "density" | "steps" }>;

function Axis({ shape }: { shape: Numeric }) {
  const labels = labelsOf(shape);
  return (
    <div className="distribution-axis" aria-hidden="true">
      {labels.map((value, index) => (
        <span key={index}>{String(value)}</span>
      ))}
      {shape.kind === "density" && shape.isLog && (
        <span className="distribution-scale">logarithmic</span>
      )}
    </div>
  );
}

function labelsOf(shape: Numeric): number[] {
  if (shape.kind === "steps") {
    const values = shape.steps.map(({ value }) => value);
    const middle = values[Math.floor((values.length - 1) / 2)];
    const chosen = values.length > 2 ? [values[0], middle, values.at(-1)] : values;
    return chosen.filter((value) => value !== undefined);
  }
  const [low, high] = shape.range;
  const middle = shape.isLog ? Math.sqrt(low) * Math.sqrt(high) : (low + high) / 2;
  return [low, middle, high].map((value) => Number(value.toPrecision(3)));
}

/** Lines at the powers of ten. */
function Decades({ shape }: { shape: Extract<DistributionShape, { kind: "density" }> }) {
  const low = Math.log10(shape.parts[0]?.from ?? 1);
  const high = Math.log10(shape.parts.at(-1)?.to ?? 10);
  const decades: number[] = [];
  const step = Math.max(1, Math.ceil((high - low) / 12));
  for (let power = Math.ceil(low); power <= high; power += step) decades.push(power);
  return decades.map((power) => {
    const x = round(((power - low) / (high - low)) * WIDTH);
    return <line key={power} x1={x} x2={x} y1={0} y2={HEIGHT} />;
  });
}

function ChoiceBars({ shape }: { shape: Extract<DistributionShape, { kind: "choices" }> }) {
  const most = Math.max(...shape.choices.map(({ probability }) => probability));
  const rest = shape.total - shape.choices.length;
  return (
    <ul className="choice-bars">
      {shape.choices.map(({ text, probability }, index) => (
        <li key={index}>
          <code>{text}</code>
          <span className="choice-bar">
            <span style={{ width: `${most > 0 ? (probability / most) * 100 : 0}%` }} />
          </span>
          <span className="choice-share">{formatValue(Math.round(probability * 1000) / 10)} %</span>
        </li>
      ))}
      {rest > 0 && <li className="faint">and {rest} more</li>}
    </ul>
  );
}
