import type { Palette } from "../../../plots/densityPalette";
import { paletteOf } from "../../../plots/palette";
import { type ParallelLayout, pathOf } from "../../../plots/parallelLayout";
import { legendTicks } from "../../../plots/parallelLegend";
import { drawPicture } from "../../../plots/parallelPicture";
import { formatCount } from "../../../store/format";
import type { Axis } from "../../../store/parallelAxes";
import { keptParts } from "../../../store/parallelBrush";
import { headingOf } from "../../../store/runCells";
import type { ColumnCondition, RunTable } from "../../../store/runTable";
import { tickTexts } from "./AxisTicks";

interface Shown {
  readonly raster: HTMLCanvasElement;
  readonly table: RunTable;
  readonly layout: ParallelLayout;
  readonly axes: readonly Axis[];
  readonly conditions: readonly ColumnCondition[];
  readonly color: Axis;
  readonly best: readonly number[];
  readonly selected: readonly number[];
  readonly matching: number;
  readonly palette: Palette;
}

/** Returns the plot as it is shown, as one picture. */
export function pictureOf(shown: Shown): HTMLCanvasElement {
  const { raster, table, layout, axes, conditions, color, matching, palette } = shown;
  const places = axes.map(({ scale, column }) => ({ scale, values: column.values }));
  const linesOf = (rows: readonly number[], isSelected: boolean) =>
    rows.map((row) => ({ path: pathOf(row, places, layout, 0), isSelected }));
  return drawPicture(
    {
      raster,
      layout,
      axes: axes.map((axis) => {
        const condition = conditions.find(({ key }) => key === axis.key);
        return {
          name: headingOf(axis.column),
          ticks: tickTexts(axis, layout.gap),
          parts: condition === undefined ? [] : keptParts(axis.scale, condition),
        };
      }),
      lines: [...linesOf(shown.best, false), ...linesOf(shown.selected, true)],
      legend: { name: headingOf(color.column), ticks: legendTicks(color, 4) },
      caption: `${formatCount(matching)} of ${formatCount(table.count)} runs`,
    },
    paletteOf(raster.parentElement ?? document.body),
    palette,
  );
}
