import { memo, useMemo } from "react";
import { type LinePlace, type ParallelLayout, pathOf, yOf } from "../../../plots/parallelLayout";

interface Props {
  /** The rows of the best runs and of the selected ones. */
  readonly best: readonly number[];
  readonly selected: readonly number[];
  readonly highlighted: number | undefined;
  readonly places: readonly LinePlace[];
  readonly layout: ParallelLayout;
  readonly top: number;
}

/** Some runs as real lines over the raster. */
export const RunLines = memo(function RunLines(props: Props) {
  const { best, selected, highlighted, places, layout, top } = props;
  const lines = useMemo(
    () =>
      [
        ...best.map((row) => ({ row, kind: "best" })),
        ...selected.map((row) => ({ row, kind: "selected" })),
      ].map(({ row, kind }) => ({
        id: `${kind} ${row}`,
        kind,
        path: pathOf(row, places, layout, top),
      })),
    [best, selected, places, layout, top],
  );
  return (
    <g className="run-lines">
      {lines.map(({ id, kind, path }) => (
        <g key={id} className={kind}>
          <path className="halo" d={path} />
          <path d={path} />
        </g>
      ))}
      {highlighted !== undefined && (
        <g className="highlighted">
          <path className="halo" d={pathOf(highlighted, places, layout, top)} />
          <path d={pathOf(highlighted, places, layout, top)} />
          {places.map((place, index) => (
            <circle
              key={index}
              cx={layout.xs[index]}
              cy={top + yOf(place, highlighted) + 0.5}
              r={4}
            />
          ))}
        </g>
      )}
    </g>
  );
});
