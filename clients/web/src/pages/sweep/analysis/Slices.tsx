import { useCallback, useMemo } from "react";
import type { Palette } from "../../../plots/palette";
import { pointMarks } from "../../../plots/pointMarks";
import { drawScatter } from "../../../plots/scatter";
import { formatValue } from "../../../store/format";
import { formatCell } from "../../../store/parallelAxes";
import type { Column, RunTable } from "../../../store/runTable";
import { valuesAt } from "../../../store/scoredRuns";
import { Chart } from "../../../ui/Chart";
import { PlotCanvas } from "../../../ui/PlotCanvas";
import { useAnalysis, useAnalysisSearch, useOpenRun } from "./analysisContext";
import { columnAxis } from "./columnAxis";
import { computed } from "./computed";
import { MissingNote } from "./MissingNote";
import { Nothing } from "./Nothing";
import { RankLegend } from "./RankLegend";
import { bestFirst, rankText } from "./ranks";
import { ScaleNote } from "./ScaleNote";

/** As many parameters as these are shown at first. */
const FIRST_SLICES = 8;

/** Each parameter's values beside the objective, colored by the runs' ranks. */
export function Slices() {
  const { table, scored, ranks, metric, axis, parameters } = useAnalysis();
  const { search, setSearch } = useAnalysisSearch();
  const names = search.slices ?? parameters.slice(0, FIRST_SLICES).map(({ name }) => name);
  const shown = parameters.filter(({ name }) => names.includes(name));
  const data = useMemo(
    () => (table === undefined ? undefined : { table, rows: scored.rows, ranks: ranks() }),
    [table, scored, ranks],
  );
  const choose = (name: string, isWanted: boolean) => {
    const next = parameters
      .map((column) => column.name)
      .filter((each) => (each === name ? isWanted : names.includes(each)));
    setSearch({ slices: next.length === 0 ? undefined : next });
  };
  return (
    <>
      {parameters.length > 1 && (
        <details className="chart-choice">
          <summary>
            Parameters: {shown.length} of {parameters.length}
          </summary>
          <div className="choices">
            {parameters.map(({ name }) => (
              <label key={name}>
                <input
                  type="checkbox"
                  checked={names.includes(name)}
                  onChange={(event) => choose(name, event.target.checked)}
                />
                <bdi>{name}</bdi>
              </label>
            ))}
          </div>
        </details>
      )}
      <Chart
        title="Slices"
        answer={computed(data)}
        empty={({ rows }) => (rows.length === 0 ? <Nothing /> : undefined)}
        table={({ table: { numbers }, rows, ranks: shares }) => ({
          head: ["run", metric, "rank", ...shown.map(({ name }) => name)],
          rows: Array.from(rows, (row, index) => [
            numbers[row],
            scored.objectives[index],
            shares[index],
            ...shown.map((column) =>
              column.scale === "category"
                ? formatCell(column, column.values[row])
                : column.values[row],
            ),
          ]),
        })}
      >
        {({ table: current, ranks: shares }) => (
          <>
            <RankLegend />
            <ScaleNote axis={axis} />
            <div className="chart-grid">
              {shown.map((column) => (
                <Slice key={column.key} column={column} table={current} ranks={shares} />
              ))}
            </div>
          </>
        )}
      </Chart>
    </>
  );
}

interface SliceProps {
  readonly column: Column;
  readonly table: RunTable;
  readonly ranks: Float64Array;
}

function Slice({ column, table, ranks }: SliceProps) {
  const { scored, axis, metric } = useAnalysis();
  const open = useOpenRun();
  const draw = useCallback(
    (canvas: HTMLCanvasElement, width: number, palette: Palette) => {
      const { rows, objectives: ys } = scored;
      const xs = valuesAt(column, rows);
      const places = drawScatter(
        canvas,
        width,
        { x: columnAxis(column, xs), y: axis, xs, ys, ranks },
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
              [column.name, formatCell(column, xs[point])],
              [metric, formatValue(ys[point] ?? Number.NaN)],
              ["rank", rankText(ranks[point] ?? 0, ranks.length)],
            ],
          }),
          () => bestFirst(ranks),
        )
      );
    },
    [scored, column, table, axis, ranks, metric],
  );
  return (
    <div>
      <PlotCanvas label={`${metric} by ${column.name}`} draw={draw} onOpen={open} />
      <MissingNote columns={[column]} rows={scored.rows} />
    </div>
  );
}
