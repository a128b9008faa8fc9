import { Fragment, useState } from "react";
import type { Run } from "../../../gen/wanllmdb/api/registry/v1/run_pb";
import type { ComparedGroup } from "../../../store/compareRuns";
import { RunStateText } from "./RunStateText";
import "./compare.css";

interface Props {
  readonly runs: readonly Run[];
  readonly groups: readonly ComparedGroup[];
  readonly onRemove: (number: number) => void;
}

/** What runs have, a column for each run; rows in which they differ are marked. */
export function CompareTable({ runs, groups, onRemove }: Props) {
  const [isOnlyDifferent, setOnlyDifferent] = useState(false);
  const shown = groups.map(({ title, rows }) => ({
    title,
    rows: isOnlyDifferent ? rows.filter(({ isDifferent }) => isDifferent) : rows,
  }));
  const all = groups.flatMap(({ rows }) => rows);
  const different = all.filter(({ isDifferent }) => isDifferent).length;
  return (
    <section aria-label="The runs side by side" className="compare">
      <div className="toolbar">
        <span>
          They differ in <strong>{different}</strong> of {all.length} rows, marked{" "}
          <span className="differs" aria-hidden="true">
            ≠
          </span>
        </span>
        <label className="check">
          <input
            type="checkbox"
            checked={isOnlyDifferent}
            onChange={(event) => setOnlyDifferent(event.target.checked)}
          />
          Only differences
        </label>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <div className="table-scroll compare-scroll" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">Property</span>
              </th>
              {runs.map(({ number, state }) => (
                <th key={String(number)} scope="col">
                  <span className="compare-head">
                    Run {String(number ?? 0n)} <RunStateText state={state} />
                    <button
                      type="button"
                      aria-label={`Leave out run ${number ?? 0n}`}
                      onClick={() => onRemove(Number(number ?? 0n))}
                    >
                      <span aria-hidden="true">×</span>
                    </button>
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(({ title, rows }) =>
              rows.length === 0 ? null : (
                <Fragment key={title}>
                  <tr>
                    <th scope="colgroup" className="compare-title" colSpan={runs.length + 1}>
                      {title}
                    </th>
                  </tr>
                  {rows.map(({ name, cells, isDifferent }) => (
                    <tr key={name} className={isDifferent ? "different" : undefined}>
                      <th scope="row" title={name}>
                        <span className="differs" aria-hidden="true">
                          {isDifferent ? "≠ " : ""}
                        </span>
                        <bdi>{name}</bdi>
                        {isDifferent && <span className="visually-hidden">, differs</span>}
                      </th>
                      {cells.map((cell, index) => (
                        <td key={String(runs[index]?.number)} title={cell?.exact}>
                          {cell === undefined ? (
                            <span className="faint">no value</span>
                          ) : (
                            <bdi>{cell.text}</bdi>
                          )}
                        </td>
                      ))}
                    </tr>
                  ))}
                </Fragment>
              ),
            )}
          </tbody>
        </table>
      </div>
    </section>
  );
}
