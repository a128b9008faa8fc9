import type { ReactNode } from "react";
import type { SweepState } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { type StateName, stateName } from "../store/sweeps";

// A shape of its own for each state, so that color is never the only difference.
const SHAPES: Record<StateName | "unknown", ReactNode> = {
  pending: <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" strokeWidth="2.5" />,
  running: <path d="M4 2v12l10-6z" fill="currentColor" />,
  paused: <path d="M3 2h3.5v12H3zM9.5 2H13v12H9.5z" fill="currentColor" />,
  finished: <path d="m2 9 4 4 8-10" fill="none" stroke="currentColor" strokeWidth="2.5" />,
  failed: <path d="m3 3 10 10M13 3 3 13" fill="none" stroke="currentColor" strokeWidth="2.5" />,
  canceled: <path d="M2.5 2.5h11v11h-11z" fill="currentColor" />,
  unknown: <circle cx="8" cy="8" r="3" fill="currentColor" />,
};

/** Shows a sweep's state as a shape and a word. */
export function StateBadge({ state }: { state: SweepState }) {
  const name = stateName(state) ?? "unknown";
  return (
    <span className={`state state-${name}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {SHAPES[name]}
      </svg>
      {name}
    </span>
  );
}
