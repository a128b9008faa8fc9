import { useMemo, useState } from "react";
import { Goal } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { type ScaleKind, scaleKinds } from "../../../plots/scales";
import { formatCount } from "../../../store/format";
import {
  type AxisSetting,
  axesOf,
  axisOf,
  bestRows,
  defaultSettings,
  describeBrush,
  formatCell,
  moveSetting,
} from "../../../store/parallelAxes";
import { matchingRows, withCondition } from "../../../store/runFilter";
import type { RunTable } from "../../../store/runTable";
import { useCurrentSweep } from "../sweepContext";
import { useRunFilter } from "../useRunFilter";
import { useRunTable } from "../useRunTable";
import { ParallelPlot } from "./ParallelPlot";

/** The runs of a sweep as parallel coordinates. */
export function ParallelPage() {
  const sweep = useCurrentSweep();
  const { table, problem } = useRunTable(sweep.sweepId);
  const goal = sweep.spec?.metrics[0]?.goal === Goal.MAXIMIZE ? "maximize" : "minimize";
  if (problem !== undefined && table === undefined) return <p role="alert">{problem.text}</p>;
  if (table === undefined) return <p className="faint">Loading the runs …</p>;
  if (table.count === 0) return <p className="faint">There are no runs yet.</p>;
  return <Chart table={table} goal={goal} />;
}

function Chart({ table, goal }: { table: RunTable; goal: "minimize" | "maximize" }) {
  const { filter, setFilter } = useRunFilter();
  const [chosen, setChosen] = useState<readonly AxisSetting[]>();
  const [colourKey, setColourKey] = useState<string>();
  const settings = useMemo(() => chosen ?? defaultSettings(table), [chosen, table]);
  const axes = useMemo(() => axesOf(table, settings), [table, settings]);
  const objective = table.columns.find(({ kind }) => kind === "objective");
  const column = table.columns.find(({ key }) => key === colourKey) ?? objective;
  const colour = useMemo(
    () => column && axisOf(table, column, { key: column.key }),
    [table, column],
  );
  const mask = useMemo(() => matchingRows(table, filter, goal), [table, filter, goal]);
  const best = useMemo(() => bestRows(objective, mask, goal, 100), [objective, mask, goal]);
  const data = useMemo(
    () => ({
      count: table.count,
      columns: new Map(table.columns.map(({ key, values }) => [key, values])),
    }),
    [table],
  );
  const matching = mask.reduce((sum, one) => sum + one, 0);
  const change = (key: string, changed: Partial<AxisSetting>) =>
    setChosen(settings.map((one) => (one.key === key ? { ...one, ...changed } : one)));
  const percent = Math.round((filter.top ?? 1) * 100);
  return (
    <>
      <section className="panel" aria-labelledby="parallel">
        <h2 id="parallel">Parallel coordinates</h2>
        <div className="filters">
          <div className="field">
            <label htmlFor="colour">Colour by</label>
            <select
              id="colour"
              value={column?.key ?? ""}
              onChange={(event) => setColourKey(event.target.value)}
            >
              {table.columns.map(({ key, name }) => (
                <option key={key} value={key}>
                  {name}
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor="top">Best {percent} % of the runs</label>
            <input
              id="top"
              type="range"
              min={1}
              max={100}
              value={percent}
              onChange={(event) => {
                const { top: _, ...rest } = filter;
                const share = Number(event.target.value) / 100;
                setFilter(share === 1 ? rest : { ...rest, top: share });
              }}
            />
          </div>
          <p role="status">
            {formatCount(matching)} of {formatCount(table.count)} runs
          </p>
        </div>
        <ParallelPlot
          data={data}
          axes={axes}
          colour={colour}
          mask={mask}
          conditions={filter.conditions}
          onBrush={(key, brush) => setFilter(withCondition(filter, key, brush))}
        />
      </section>
      <section className="panel" aria-labelledby="axes">
        <h2 id="axes">Axes</h2>
        <ul className="parallel-axes">
          {axes.map(({ key, column: { name }, ...axis }, index) => {
            const condition = filter.conditions.find((one) => one.key === key);
            return (
              <li key={key}>
                <strong>{name}</strong>
                <select
                  aria-label={`Scale of ${name}`}
                  value={axis.scale.kind}
                  onChange={(event) => change(key, { scale: event.target.value as ScaleKind })}
                >
                  {scaleKinds(table.columns.find((one) => one.key === key) ?? EMPTY).map((kind) => (
                    <option key={kind}>{kind}</option>
                  ))}
                </select>
                <button
                  type="button"
                  aria-pressed={axis.scale.isFlipped}
                  aria-label={`Flip ${name}`}
                  onClick={() => change(key, { flip: !axis.scale.isFlipped })}
                >
                  Flip
                </button>
                <button
                  type="button"
                  aria-label={`Move ${name} to the left`}
                  onClick={() => setChosen(moveSetting(settings, key, index - 1))}
                >
                  ←
                </button>
                <button
                  type="button"
                  aria-label={`Move ${name} to the right`}
                  onClick={() => setChosen(moveSetting(settings, key, index + 1))}
                >
                  →
                </button>
                {axis.scale.kind !== "category" &&
                  (["min", "max"] as const).map((end) => (
                    <input
                      key={end}
                      type="number"
                      step="any"
                      aria-label={`${end === "min" ? "Least" : "Greatest"} ${name}`}
                      placeholder={end}
                      value={condition?.[end] ?? ""}
                      onChange={({ target }) => {
                        const { [end]: _, key: __, ...rest } = condition ?? { key };
                        const bound = target.value === "" ? {} : { [end]: Number(target.value) };
                        const brush = { ...rest, ...bound };
                        const isNone = Object.keys(brush).length === 0;
                        setFilter(withCondition(filter, key, isNone ? undefined : brush));
                      }}
                    />
                  ))}
                {condition !== undefined && (
                  <>
                    <span>
                      {describeBrush(table.columns.find((c) => c.key === key) ?? EMPTY, condition)}
                    </span>
                    <button
                      type="button"
                      aria-label={`Clear the condition on ${name}`}
                      onClick={() => setFilter(withCondition(filter, key, undefined))}
                    >
                      Clear
                    </button>
                  </>
                )}
              </li>
            );
          })}
        </ul>
      </section>
      <details className="panel">
        <summary>The best {best.length} runs as a table</summary>
        <div className="table-scroll">
          <table>
            <thead>
              <tr>
                <th className="number">Run</th>
                {axes.map(({ key, column: { name } }) => (
                  <th key={key}>{name}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {best.map((row) => (
                <tr key={row}>
                  <td className="number">{table.numbers[row]}</td>
                  {axes.map(({ key, column: shown }) => (
                    <td key={key}>{formatCell(shown, shown.values[row])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

const EMPTY = {
  key: "",
  kind: "field",
  name: "",
  scale: "linear",
  values: new Float64Array(),
  categories: [],
  min: 0,
  max: 0,
} as const;
