import { useEffect, useRef } from "react";
import { describeBrush } from "../../../store/parallelBrush";
import { headingOf } from "../../../store/runCells";
import { ALL_RUNS, isEmptyFilter, withCondition } from "../../../store/runFilter";
import { runStateName } from "../../../store/runStates";
import type { RunFilter, RunTable } from "../../../store/runTable";

interface Props {
  readonly table: RunTable;
  readonly filter: RunFilter;
  readonly onChange: (filter: RunFilter) => void;
}

/** The filter in words, each part with a button that removes it. */
export function FilterChips({ table, filter, onChange }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const wasRemoved = useRef(false);
  // The button that had the focus is gone.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the filter is what is waited for
  useEffect(() => {
    if (!wasRemoved.current) return;
    wasRemoved.current = false;
    (place.current?.querySelector("button") ?? place.current)?.focus();
  }, [filter]);
  const remove = (changed: RunFilter) => {
    wasRemoved.current = true;
    onChange(changed);
  };
  return (
    <div ref={place} tabIndex={-1} className="filter-place">
      {!isEmptyFilter(filter) && <Chips table={table} filter={filter} onChange={remove} />}
    </div>
  );
}

function Chips({ table, filter, onChange }: Props) {
  const { states, conditions, top } = filter;
  const parts = [
    ...(states.length === 0
      ? []
      : [
          {
            key: "states",
            name: "state",
            text: states.map((state) => runStateName(state)).join(" or "),
            without: { ...filter, states: [] },
          },
        ]),
    ...(top === undefined
      ? []
      : [{ key: "top", name: "best", text: shareText(top), without: withoutTop(filter) }]),
    ...conditions.map((condition) => {
      const column = table.columns.find(({ key }) => key === condition.key);
      return {
        key: condition.key,
        name: column === undefined ? condition.key : headingOf(column),
        text:
          column === undefined ? "is no column of this table" : describeBrush(column, condition),
        without: withCondition(filter, condition.key, undefined),
      };
    }),
  ];
  return (
    <ul className="filter-chips" aria-label="Filter">
      {parts.map(({ key, name, text, without }) => (
        <li key={key} className="chip">
          <span>
            <bdi className="faint">{name}</bdi> <bdi>{text}</bdi>
          </span>
          <button
            type="button"
            aria-label={`Remove the filter by ${name}`}
            onClick={() => onChange(without)}
          >
            ×
          </button>
        </li>
      ))}
      {parts.length > 1 && (
        <li>
          <button type="button" onClick={() => onChange(ALL_RUNS)}>
            Show all runs
          </button>
        </li>
      )}
    </ul>
  );
}

/** Returns a filter without its share of the best runs. */
export function withoutTop({ top: _, ...rest }: RunFilter): RunFilter {
  return rest;
}

/** Returns a share as people read it: "0.5 %". */
export function shareText(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
