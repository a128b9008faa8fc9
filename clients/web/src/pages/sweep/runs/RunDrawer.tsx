import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useId, useRef } from "react";
import { useServices } from "../../../rpc/context";
import { formatCount } from "../../../store/format";
import { rowOf } from "../../../store/runColumns";
import type { RunTable } from "../../../store/runTable";
import { ProblemNotice } from "../../../ui/ProblemNotice";
import { RunDetails } from "./RunDetails";
import { RunStateText } from "./RunStateText";
import "./drawer.css";

interface Props {
  readonly sweepId: string;
  readonly number: number;
  readonly table: RunTable;
  /** The runs in the table's order, and the place of this one; -1 if the table does not show it. */
  readonly numbers: Int32Array;
  readonly place: number;
  readonly onRun: (number: number) => void;
  readonly onClose: () => void;
}

/** The details of one run, beside the table. */
export function RunDrawer({ sweepId, number, table, numbers, place, onRun, onClose }: Props) {
  const { registry } = useServices();
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  // The details are read again when the run's row changes.
  const seen = seenOf(table, number);
  const query = useQuery({
    queryKey: ["run", sweepId, number, seen],
    queryFn: async ({ signal }) => {
      const request = { sweepId, run: { case: "number" as const, value: BigInt(number) } };
      const { run } = await registry.getRun(request, { signal });
      if (run === undefined) throw new Error("the answer of GetRun has no run");
      return run;
    },
    placeholderData: keepPreviousData,
  });
  // What is kept from before may be another run.
  const run = Number(query.data?.number) === number ? query.data : undefined;
  const previous = place > 0 ? numbers[place - 1] : undefined;
  const next = place >= 0 ? numbers[place + 1] : undefined;
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const wanted = event.key === "j" ? next : event.key === "k" ? previous : undefined;
    if (wanted === undefined) return;
    event.preventDefault();
    onRun(wanted);
  };
  return (
    <dialog
      ref={dialog}
      className="drawer"
      aria-labelledby={titleId}
      onClose={onClose}
      onKeyDown={onKeyDown}
    >
      <div className="title-row drawer-head">
        <h2 id={titleId}>Run {number}</h2>
        {run !== undefined && <RunStateText state={run.state} />}
        <span className="spacer" />
        {place >= 0 && (
          <span className="faint">
            {formatCount(place + 1)} of {formatCount(numbers.length)}
          </span>
        )}
        <button
          type="button"
          aria-label="Previous run in the table"
          aria-keyshortcuts="k"
          title="Previous run in the table (k)"
          disabled={previous === undefined}
          onClick={() => previous !== undefined && onRun(previous)}
        >
          ↑
        </button>
        <button
          type="button"
          aria-label="Next run in the table"
          aria-keyshortcuts="j"
          title="Next run in the table (j)"
          disabled={next === undefined}
          onClick={() => next !== undefined && onRun(next)}
        >
          ↓
        </button>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <div className="drawer-body">
        {query.isError && <ProblemNotice error={query.error} onRetry={() => query.refetch()} />}
        {run === undefined && !query.isError && (
          <div className="skeleton" role="status">
            Loading …
          </div>
        )}
        {run !== undefined && (
          <RunDetails key={number} run={run} sweepId={sweepId} number={number} />
        )}
      </div>
    </dialog>
  );
}

function isTyping(target: EventTarget): boolean {
  return target instanceof HTMLElement && target.matches("input, select, textarea");
}

/** Returns a text that changes when the run's row shows that the run changed. */
function seenOf(table: RunTable, number: number): string {
  const row = rowOf(table.numbers, table.count, number);
  const values = table.columns
    .filter(({ kind }) => kind === "field" || kind === "objective")
    .map(({ values: all }) => all[row]);
  return [table.states[row], ...values].join();
}
