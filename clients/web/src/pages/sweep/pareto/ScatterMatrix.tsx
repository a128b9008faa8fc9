import { useCallback } from "react";
import type { Palette } from "../../../plots/palette";
import { drawThumbnail, type ParetoPlot } from "../../../plots/paretoPlot";
import type { ParetoMetric } from "../../../store/paretoView";
import { Canvas } from "../../../ui/Canvas";

interface Props {
  readonly metrics: readonly ParetoMetric[];
  readonly pair: readonly [x: ParetoMetric, y: ParetoMetric];
  readonly plotOf: (x: ParetoMetric, y: ParetoMetric) => ParetoPlot;
  readonly onPair: (x: string, y: string) => void;
}

/** Each pair of metrics as a small chart; a click enlarges it. */
export function ScatterMatrix({ metrics, pair, plotOf, onPair }: Props) {
  const columns = metrics.slice(0, -1);
  const shown = new Set(pair.map(({ name }) => name));
  return (
    <fieldset className="scatter-matrix">
      <legend>All pairs of metrics</legend>
      <div
        className="scatter-matrix-grid"
        style={{ gridTemplateColumns: `repeat(${columns.length}, minmax(5rem, 1fr))` }}
      >
        {metrics.slice(1).flatMap((y, row) =>
          columns.map((x, column) => {
            if (column > row) return <span key={`${row} ${column}`} />;
            const isShown = shown.has(x.name) && shown.has(y.name);
            return (
              <button
                key={`${row} ${column}`}
                type="button"
                aria-pressed={isShown}
                title={`${y.name} by ${x.name}`}
                onClick={() => onPair(x.name, y.name)}
              >
                <span aria-hidden="true">
                  <Thumbnail x={x} y={y} plotOf={plotOf} />
                </span>
                <span className="scatter-matrix-name">{y.name}</span>
                <span className="scatter-matrix-name">by {x.name}</span>
              </button>
            );
          }),
        )}
      </div>
    </fieldset>
  );
}

interface ThumbnailProps extends Pick<Props, "plotOf"> {
  readonly x: ParetoMetric;
  readonly y: ParetoMetric;
}

function Thumbnail({ x, y, plotOf }: ThumbnailProps) {
  const draw = useCallback(
    (canvas: HTMLCanvasElement, width: number, palette: Palette) =>
      drawThumbnail(canvas, width, Math.min(width, 110), plotOf(x, y), palette),
    [x, y, plotOf],
  );
  return <Canvas label={`${y.name} by ${x.name}`} draw={draw} />;
}
