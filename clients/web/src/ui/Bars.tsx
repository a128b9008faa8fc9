interface Props {
  readonly label: string;
  /** The bars with their shares, 0 to 1. */
  readonly bars: readonly { readonly name: string; readonly share: number }[];
}

const ROW = 30;
const MOST_BARS = 20;

/** Horizontal bars, each with its name and its share as text. */
export function Bars({ label, bars }: Props) {
  const shown = bars.slice(0, MOST_BARS);
  return (
    <>
      <svg
        className="bars"
        height={shown.length * ROW}
        role="img"
        aria-label={textOf(label, shown)}
      >
        {shown.map(({ name, share }, index) => (
          <g key={name}>
            <text x="0" y={index * ROW + 14}>
              {name}
            </text>
            <text x="100%" y={index * ROW + 14} textAnchor="end">
              {percent(share)}
            </text>
            <rect className="track" x="0" y={index * ROW + 19} width="100%" height="5" rx="2.5" />
            <rect
              className="share"
              x="0"
              y={index * ROW + 19}
              width={`${Math.max(share, 0.002) * 100}%`}
              height="5"
              rx="2.5"
            />
          </g>
        ))}
      </svg>
      {bars.length > shown.length && (
        <p className="faint">
          The first {shown.length} of {bars.length}; the table has all.
        </p>
      )}
    </>
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function textOf(label: string, bars: Props["bars"]): string {
  return `${label}: ${bars.map(({ name, share }) => `${name} ${percent(share)}`).join(", ")}`;
}
