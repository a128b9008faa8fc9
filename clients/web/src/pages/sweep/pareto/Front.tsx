import { useMemo, useState } from "react";
import { fileName } from "../../../store/chartTable";
import { formatCount } from "../../../store/format";
import { reachesTargets } from "../../../store/paretoFront";
import { cellText, headingOf, isNumeric } from "../../../store/runCells";
import { csvParts } from "../../../store/runFiles";
import type { RunOrder, RunTable } from "../../../store/runTable";
import { sortRows } from "../../../store/sortRows";
import { download } from "../../../ui/download";
import { orderOf, sortOf } from "../runs/search";
import { useCurrentSweep } from "../sweepContext";
import { type FrontColumn, type FrontRun, FrontTable } from "./FrontTable";
import type { ParetoView } from "./usePareto";
import { useParetoSearch } from "./useParetoSearch";

const PAGE_SIZE = 50;

interface Props {
  readonly table: RunTable;
  readonly view: ParetoView;
  readonly active: number | undefined;
  readonly onActive: (row: number | undefined) => void;
}

/** The runs of the front with their metrics and parameters, sorted by any of them. */
export function Front({ table, view, active, onActive }: Props) {
  const { sweepId, name, spec } = useCurrentSweep();
  const { search, setSearch } = useParetoSearch();
  const [shown, setShown] = useState(PAGE_SIZE);
  const { front, isTooLarge, sweepFront, unbeaten, metrics, mask } = view;
  const [first] = metrics;
  const { sort } = search;
  const order: RunOrder = useMemo(
    () =>
      sort === undefined && first !== undefined
        ? { key: first.key, isDescending: first.goal === "maximize" }
        : orderOf(sort === undefined ? {} : { sort }),
    [sort, first],
  );
  const columns = useMemo(() => {
    const parameters = spec?.searchSpace?.parameters ?? [];
    const fixed = new Set(
      parameters.flatMap((each) => (each.distribution.case === "constant" ? each.name : [])),
    );
    const keys = new Set(metrics.map(({ key }) => key));
    return [
      ...table.columns.filter(({ key }) => keys.has(key)),
      ...table.columns.filter((column) => column.kind === "parameter" && !fixed.has(column.name)),
    ];
  }, [table, metrics, spec]);
  const rows = useMemo(() => {
    const onFront = new Uint8Array(table.count);
    for (const row of front) onFront[row] = 1;
    return sortRows(table, onFront, order);
  }, [table, front, order]);
  const hasTargets = metrics.some(({ target }) => target !== undefined);
  const noteOf = (row: number) =>
    [
      ...(unbeaten.has(row) ? [] : ["beaten by a run outside of the filter"]),
      ...(hasTargets && reachesTargets(metrics, row) ? ["at the targets"] : []),
    ].join("; ");
  const runs = Array.from(rows.subarray(0, shown), (row): FrontRun => {
    const note = noteOf(row);
    return {
      number: table.numbers[row] ?? 0,
      cells: columns.map((column) => cellText(column, row)),
      ...(note === "" ? {} : { note }),
    };
  });
  const heads = columns.map(
    (column): FrontColumn => ({
      key: column.key,
      name: headingOf(column),
      isNumeric: isNumeric(column),
    }),
  );
  const matching = mask.reduce((sum, mark) => sum + mark, 0);
  const save = () => {
    const numbers = Int32Array.from(rows, (row) => table.numbers[row] ?? 0);
    const csv = new Blob([...csvParts(table, numbers, columns)], {
      type: "text/csv;charset=utf-8",
    });
    download(`${fileName(name, "pareto-front")}.csv`, csv);
  };
  const isFiltered = matching < table.count;
  if (isTooLarge) {
    return (
      <p>
        Almost every run is on the front, and there are too many of them to find it here. Filter the
        runs, for example with a rectangle in the chart.
      </p>
    );
  }
  return (
    <>
      <p className="faint" aria-live="polite">
        {formatCount(front.length)} runs that no other {isFiltered && "matching "}run beats in every
        metric
        {isFiltered && `; ${formatCount(sweepFront.length)} in the whole sweep`}.
      </p>
      {front.length > 0 && (
        <FrontTable
          sweepId={sweepId}
          columns={heads}
          runs={runs}
          order={order}
          onOrder={(changed) => setSearch({ sort: sortOf(changed) })}
          active={active === undefined ? undefined : table.numbers[active]}
          onActive={(number) =>
            onActive(rows.find((row) => number !== undefined && table.numbers[row] === number))
          }
        />
      )}
      <div className="chart-tools">
        {rows.length > shown && (
          <button type="button" onClick={() => setShown(shown + 4 * PAGE_SIZE)}>
            Show more
          </button>
        )}
        <button
          type="button"
          onClick={save}
          disabled={front.length === 0}
          aria-label="Best runs: download CSV"
        >
          CSV
        </button>
      </div>
    </>
  );
}
