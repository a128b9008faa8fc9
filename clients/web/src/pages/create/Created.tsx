import { Link } from "@tanstack/react-router";
import { useEffect, useId, useRef } from "react";
import { formatCount } from "../../store/format";
import type { CreationState } from "../../store/sweepCreation";
import { CopyBox } from "../../ui/CopyBox";
import { ProblemNotice } from "../../ui/ProblemNotice";

interface Props {
  readonly state: CreationState;
  /** Why prior runs are missing; null if none is. */
  readonly error: Error | null;
  readonly isBusy: boolean;
  readonly onRetry: (skipUnfit?: boolean) => void;
}

/** What to do with a new sweep: start its agents. */
export function Created({ state, error, isBusy, onRetry }: Props) {
  const id = useId();
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const { sweep, warnings } = state.answer;
  const sweepId = sweep?.sweepId ?? "";
  const hasCommand = (sweep?.spec?.program ?? "") !== "" || (sweep?.spec?.command.length ?? 0) > 0;
  const isWhole = state.partsDone === state.parts;
  return (
    <>
      <div className="title-row">
        <h1 ref={title} tabIndex={-1} id={id}>
          <bdi>{sweep?.name || sweepId}</bdi> is created
        </h1>
        <span className="spacer" />
        <Link to="/sweeps/$sweepId" params={{ sweepId }} className="button-link">
          Show the sweep
        </Link>
      </div>
      {!isWhole && (
        <section className="panel" aria-labelledby={`${id}-rest`}>
          <h2 id={`${id}-rest`}>Some prior runs are not in yet</h2>
          <p>
            {formatCount(state.partsDone)} of {formatCount(state.parts)} parts are in. The sweep
            works without the others; what is in is not sent again.
          </p>
          {error !== null && <ProblemNotice error={error} />}
          <div className="actions">
            <button type="button" disabled={isBusy} onClick={() => onRetry()}>
              Try again
            </button>
            <button type="button" disabled={isBusy} onClick={() => onRetry(true)}>
              Leave out those that do not fit
            </button>
          </div>
        </section>
      )}
      {(state.imported > 0n || state.skipped > 0n) && (
        <p aria-live="polite">
          {formatCount(state.imported)} prior {state.imported === 1n ? "run is" : "runs are"} in
          {state.skipped > 0n &&
            `; ${formatCount(state.skipped)} did not fit and ${state.skipped === 1n ? "was" : "were"} left out`}
          .
        </p>
      )}
      {[...warnings, ...state.skipReasons].length > 0 && (
        <ul className="problem-list">
          {[...new Set([...warnings, ...state.skipReasons])].map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      <section className="panel" aria-labelledby={`${id}-command`}>
        <h2 id={`${id}-command`}>Start an agent in a terminal</h2>
        <CopyBox
          label="the command"
          text={
            hasCommand
              ? `wanllmdb agent ${sweepId}`
              : `wanllmdb agent ${sweepId} -- python train.py`
          }
        />
      </section>
      <section className="panel" aria-labelledby={`${id}-python`}>
        <h2 id={`${id}-python`}>Or run a function in Python</h2>
        <CopyBox
          label="the lines"
          text={`import wanllmdb as wandb\n\nwandb.agent("${sweepId}", function=train)`}
        />
      </section>
    </>
  );
}
