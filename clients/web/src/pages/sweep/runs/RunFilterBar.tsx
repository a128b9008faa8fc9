import { useCallback, useRef, useState } from "react";
import { conditionName, conditionText, statesText, topText } from "../../../store/filterText";
import { ALL_RUNS, isEmptyFilter, withCondition } from "../../../store/runFilter";
import { isOnRequest, NUMBER_KEY, type RunFilter, type RunTable } from "../../../store/runTable";
import { ConditionEditor } from "./ConditionEditor";
import { FilterMenu } from "./FilterMenu";
import { Popup } from "./Popup";

interface Props {
  readonly table: RunTable;
  readonly filter: RunFilter;
  readonly onChange: (filter: RunFilter) => void;
  /** Whether the sweep has one objective, by which its best runs are known. */
  readonly hasBest: boolean;
}

/** The filter that every page of the sweep obeys, in words; each part can be changed and removed. */
export function RunFilterBar({ table, filter, onChange, hasBest }: Props) {
  const bar = useRef<HTMLFormElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [edited, setEdited] = useState<string>();
  const open = useCallback((wanted: boolean) => {
    setOpen(wanted);
    if (!wanted) setEdited(undefined);
  }, []);
  const edit = (key: string | undefined) => {
    setEdited(key);
    setOpen(true);
  };
  const remove = (changed: RunFilter) => {
    onChange(changed);
    // The removed part had the focus.
    bar.current?.querySelector("button")?.focus();
  };
  const isComplete = table.count >= table.expected;
  const columnOf = (key: string) => table.columns.find((column) => column.key === key);
  const condition = filter.conditions.find(({ key }) => key === edited);
  const { top, ...withoutTop } = filter;
  return (
    // biome-ignore lint/a11y/useSemanticElements: browsers of last year lack the element search
    <form
      ref={bar}
      role="search"
      className="filter-bar"
      onSubmit={(event) => event.preventDefault()}
    >
      <Popup
        label="Filter"
        title="Filter of runs"
        isOpen={isOpen}
        onOpen={open}
        content={condition?.key ?? ""}
      >
        {condition === undefined ? (
          <FilterMenu
            table={table}
            filter={filter}
            onChange={onChange}
            hasBest={hasBest}
            onEdit={edit}
          />
        ) : (
          <ConditionEditor
            key={condition.key}
            column={columnOf(condition.key)}
            condition={condition}
            onChange={(changed) => onChange(replaced(filter, changed))}
            onBack={() => setEdited(undefined)}
          />
        )}
      </Popup>
      {isEmptyFilter(filter) && <span className="faint">All runs are shown.</span>}
      {filter.states.length > 0 && (
        <Chip
          text={statesText(filter.states)}
          onEdit={() => edit(undefined)}
          onRemove={() => remove({ ...filter, states: [] })}
        />
      )}
      {top !== undefined && (
        <Chip
          text={hasBest ? topText(top) : `${topText(top)} (needs one objective; ignored)`}
          onEdit={() => edit(undefined)}
          onRemove={() => remove(withoutTop)}
        />
      )}
      {filter.conditions.map((each) => {
        const column = columnOf(each.key);
        return (
          <Chip
            key={each.key}
            name={conditionName(column, each.key)}
            text={conditionText(column, each, isComplete)}
            isWarning={isComplete && ((each.unknown?.length ?? 0) > 0 || isLost(column, each.key))}
            onEdit={() => edit(each.key)}
            onRemove={() => remove(withCondition(filter, each.key, undefined))}
          />
        );
      })}
      {!isEmptyFilter(filter) && (
        <button type="button" className="link" onClick={() => remove(ALL_RUNS)}>
          Remove all filters
        </button>
      )}
    </form>
  );
}

function isLost(column: unknown, key: string): boolean {
  return column === undefined && key !== NUMBER_KEY && !isOnRequest(key);
}

/** Replaces a condition where it stands, so that the parts of the filter keep their places. */
function replaced(filter: RunFilter, changed: RunFilter["conditions"][number]): RunFilter {
  const conditions = filter.conditions.map((each) => (each.key === changed.key ? changed : each));
  return { ...filter, conditions };
}

interface ChipProps {
  readonly name?: string;
  readonly text: string;
  readonly isWarning?: boolean;
  readonly onEdit: () => void;
  readonly onRemove: () => void;
}

function Chip({ name, text, isWarning = false, onEdit, onRemove }: ChipProps) {
  const words = name === undefined ? text : `${name}: ${text}`;
  return (
    <span className={isWarning ? "chip chip-warning" : "chip"}>
      {/* The popup of the bar would close and open again on the way from press to click. */}
      <button
        type="button"
        title={words}
        onPointerDown={(event) => event.stopPropagation()}
        onClick={onEdit}
      >
        {name !== undefined && (
          <>
            <bdi>{name}</bdi>:{" "}
          </>
        )}
        <bdi>{text}</bdi>
      </button>
      <button
        type="button"
        className="chip-remove"
        aria-label={`Remove the filter ${words}`}
        onClick={onRemove}
      >
        <span aria-hidden="true">×</span>
      </button>
    </span>
  );
}
