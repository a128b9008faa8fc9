import { useCallback, useMemo } from "react";
import type { Palette } from "../../../plots/palette";
import { pointMarks } from "../../../plots/pointMarks";
import { drawScatter } from "../../../plots/scatter";
import { formatCount, formatValue } from "../../../store/format";
import { formatCell } from "../../../store/parallelAxes";
import type { Column, RunTable } from "../../../store/runTable";
import { valuesAt } from "../../../store/scoredRuns";
import { Chart } from "../../../ui/Chart";
import { PlotCanvas } from "../../../ui/PlotCanvas";
import { useAnalysis, useOpenRun } from "./analysisContext";
import { columnAxis } from "./columnAxis";
import { computed } from "./computed";
import { MissingNote } from "./MissingNote";
import { Nothing } from "./Nothing";
import { RankLegend } from "./RankLegend";
import { bestFirst, rankText } from "./ranks";
import { OneParameter, useParameterPair } from "./useParameterPair";

const HEIGHT = 380;

/** The runs over two parameters, colored by the rank of their objective. */
export function RankPlot() {
  const { table, scored, ranks, metric } = useAnalysis();
  const { x, y, choice } = useParameterPair();
  const data = useMemo(
    () => (table === undefined ? undefined : { table, rows: scored.rows, ranks: ranks() }),
    [table, scored, ranks],
  );
  if (table !== undefined && (x === undefined || y === undefined)) return <OneParameter />;
  return (
    <>
      {choice}
      <Chart
        title="Rank"
        answer={computed(data)}
        empty={({ rows }) => (rows.length === 0 ? <Nothing /> : undefined)}
        table={({ table: { numbers }, rows, ranks: shares }) => ({
          head: ["run", x?.name ?? "", y?.name ?? "", metric, "rank"],
          rows: Array.from(rows, (row, index) => [
            numbers[row],
            x && formatCell(x, x.values[row]),
            y && formatCell(y, y.values[row]),
            scored.objectives[index],
            shares[index],
          ]),
        })}
      >
        {({ table: current, ranks: shares }) =>
          x !== undefined &&
          y !== undefined && <Points table={current} x={x} y={y} ranks={shares} />
        }
      </Chart>
    </>
  );
}

interface PointsProps {
  readonly table: RunTable;
  readonly x: Column;
  readonly y: Column;
  readonly ranks: Float64Array;
}

function Points({ table, x, y, ranks }: PointsProps) {
  const { scored, metric } = useAnalysis();
  const open = useOpenRun();
  const draw = useCallback(
    (canvas: HTMLCanvasElement, width: number, palette: Palette) => {
      const { rows, objectives } = scored;
      const [xs, ys] = [valuesAt(x, rows), valuesAt(y, rows)];
      const axes = { x: columnAxis(x, xs), y: columnAxis(y, ys) };
      const places = drawScatter(
        canvas,
        width,
        { ...axes, xs, ys, ranks, height: HEIGHT },
        palette,
      );
      const numberOf = (point: number) => table.numbers[rows[point] ?? 0] ?? 0;
      return (
        places &&
        pointMarks(
          places,
          (point) => ({
            title: `Run ${numberOf(point)}`,
            run: numberOf(point),
            facts: [
              [x.name, formatCell(x, xs[point])],
              [y.name, formatCell(y, ys[point])],
              [metric, formatValue(objectives[point] ?? Number.NaN)],
              ["rank", rankText(ranks[point] ?? 0, ranks.length)],
            ],
          }),
          () => bestFirst(ranks),
        )
      );
    },
    [scored, table, x, y, ranks, metric],
  );
  return (
    <>
      <PlotCanvas
        label={`${formatCount(ranks.length)} runs over ${x.name} and ${y.name}, colored by the rank of ${metric}`}
        draw={draw}
        onOpen={open}
      />
      <RankLegend />
      <MissingNote columns={[x, y]} rows={scored.rows} />
    </>
  );
}
