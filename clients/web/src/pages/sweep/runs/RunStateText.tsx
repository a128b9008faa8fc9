import type { ReactNode } from "react";
import { type RunStateName, runStateName } from "../../../store/runStates";

// A shape of its own for each state, so that color is never the only difference.
const SHAPES: Record<RunStateName | "unknown", ReactNode> = {
  queued: <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" strokeWidth="2.5" />,
  running: <path d="M4 2v12l10-6z" fill="currentColor" />,
  finished: <path d="m2 9 4 4 8-10" fill="none" stroke="currentColor" strokeWidth="2.5" />,
  pruned: <path d="M2 8h12" fill="none" stroke="currentColor" strokeWidth="3" />,
  failed: <path d="m3 3 10 10M13 3 3 13" fill="none" stroke="currentColor" strokeWidth="2.5" />,
  lost: <path d="M8 2 15 14H1z" fill="none" stroke="currentColor" strokeWidth="2" />,
  canceled: <path d="M2.5 2.5h11v11h-11z" fill="currentColor" />,
  unknown: <circle cx="8" cy="8" r="3" fill="currentColor" />,
};

/** Shows a run's state as a shape and a word. */
export function RunStateText({ state }: { state: number }) {
  const name = runStateName(state) ?? "unknown";
  return (
    <span className={`state run-${name}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {SHAPES[name]}
      </svg>
      <span className="state-name">{name}</span>
    </span>
  );
}
