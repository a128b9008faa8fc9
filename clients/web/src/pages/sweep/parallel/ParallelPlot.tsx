import { type PointerEvent, type RefObject, useMemo, useState } from "react";
import type { Palette } from "../../../plots/densityPalette";
import type { ParallelData } from "../../../plots/parallel";
import { nearestRow, type ParallelLayout, PLOT_HEIGHT } from "../../../plots/parallelLayout";
import type { Axis } from "../../../store/parallelAxes";
import type { Brush } from "../../../store/parallelBrush";
import type { ColumnCondition, RunTable } from "../../../store/runTable";
import { AxisBrush } from "./AxisBrush";
import { AxisTicks } from "./AxisTicks";
import { AxisTitles } from "./AxisTitles";
import { RunLines } from "./RunLines";
import { RunTip } from "./RunTip";
import type { FilterChange } from "./useLiveFilter";
import { usePainter } from "./usePainter";

/** The room above the axes for their names. */
const TOP = 48;
const BOTTOM = 12;
/** How near to a line the pointer shows its run. */
const NEAR = 8;
/** Of more runs than these, the nearest one would be a matter of chance. */
const MOST_HOVERED = 2_000;

interface Props {
  readonly table: RunTable;
  readonly data: ParallelData;
  readonly axes: readonly Axis[];
  readonly layout: ParallelLayout;
  readonly color: Axis | undefined;
  readonly palette: Palette;
  readonly mask: Uint8Array;
  readonly matching: number;
  readonly isMoving: boolean;
  readonly conditions: readonly ColumnCondition[];
  readonly best: readonly number[];
  readonly selected: readonly number[];
  readonly highlighted: number | undefined;
  readonly openKey: string | undefined;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  readonly onHighlight: (row: number | undefined) => void;
  readonly onOpenRun: (row: number) => void;
  readonly onOpenAxis: (key: string, title: HTMLElement) => void;
  readonly onMoveAxis: (key: string, to: number) => void;
  readonly onBrush: (key: string, brush: Brush | undefined, change: FilterChange) => void;
}

/** The runs as lines through the axes; a drag along an axis filters by it. */
export function ParallelPlot(props: Props) {
  const { table, axes, layout, mask, matching, canvas, conditions, best, selected } = props;
  usePainter(canvas, props);
  const [pointer, setPointer] = useState<{ x: number; y: number; row: number }>();
  const places = useMemo(
    () => axes.map(({ scale, column }) => ({ scale, values: column.values })),
    [axes],
  );
  const rows = useMemo(() => {
    const drawn = [...selected, ...best];
    if (matching > MOST_HOVERED) return { drawn, others: [] };
    return { drawn, others: [...mask.keys()].filter((row) => mask[row] === 1) };
  }, [best, selected, matching, mask]);
  const hover = (event: PointerEvent<HTMLElement>) => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const point = { x: event.clientX - left, y: event.clientY - top - TOP };
    const isOnAxis = (event.target as Element).closest(".grip, button") !== null;
    const near = (wanted: readonly number[], within: number) =>
      isOnAxis ? undefined : nearestRow(wanted, places, layout, point, within);
    const row = near(rows.drawn, NEAR) ?? near(rows.others, NEAR / 2);
    setPointer(row === undefined ? undefined : { x: point.x, y: point.y + TOP, row });
    if (row !== pointer?.row) props.onHighlight(row);
  };
  const leave = () => {
    setPointer(undefined);
    props.onHighlight(undefined);
  };
  const height = PLOT_HEIGHT + TOP + BOTTOM;
  const brushed = new Set(conditions.map(({ key }) => key));
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the table of runs has links for the keyboard
    // biome-ignore lint/a11y/noStaticElementInteractions: the table of runs has links for the keyboard
    <div
      className={pointer === undefined ? "parallel-plot" : "parallel-plot over-run"}
      style={{ width: layout.width, height }}
      onPointerMove={hover}
      onPointerLeave={leave}
      onClick={() => {
        if (pointer !== undefined) props.onOpenRun(pointer.row);
      }}
    >
      <canvas ref={canvas} style={{ top: TOP, width: layout.width, height: PLOT_HEIGHT }} />
      <svg width={layout.width} height={height} aria-hidden="true">
        <RunLines
          best={best}
          selected={selected}
          highlighted={props.highlighted}
          places={places}
          layout={layout}
          top={TOP}
        />
        {axes.map((axis, index) => (
          <g key={axis.key} transform={`translate(${layout.xs[index] ?? 0} ${TOP})`}>
            <AxisTicks axis={axis} width={layout.gap} />
          </g>
        ))}
      </svg>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be within an SVG */}
      <svg
        className="brushes"
        width={layout.width}
        height={height}
        role="group"
        aria-label="Brushes on the axes"
      >
        {axes.map((axis, index) => (
          <g key={axis.key} transform={`translate(${layout.xs[index] ?? 0} ${TOP})`}>
            <AxisBrush
              axis={axis}
              condition={conditions.find(({ key }) => key === axis.key)}
              onBrush={props.onBrush}
            />
          </g>
        ))}
      </svg>
      <AxisTitles
        axes={axes}
        layout={layout}
        brushed={brushed}
        openKey={props.openKey}
        onOpen={props.onOpenAxis}
        onMove={props.onMoveAxis}
      />
      {pointer !== undefined && (
        <RunTip
          table={table}
          axes={axes}
          row={pointer.row}
          x={pointer.x}
          y={pointer.y}
          width={layout.width}
        />
      )}
    </div>
  );
}
