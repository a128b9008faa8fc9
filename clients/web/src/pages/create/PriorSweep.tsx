import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useId } from "react";
import type { Sweep, SweepSpec } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { useServices } from "../../rpc/context";
import { describeProblem } from "../../rpc/problems";
import { formatCount } from "../../store/format";

interface Props {
  readonly sweepId: string;
  /** The config as the server reads it; undefined while it is not valid. */
  readonly spec: SweepSpec | undefined;
  readonly onChange: (sweepId: string) => void;
}

const MOST_SWEEPS = 50;
const SHORTEST_ID = 12;

/** Asks for the sweep whose runs are prior runs, and says what it has. */
export function PriorSweep({ sweepId, spec, onChange }: Props) {
  const id = useId();
  const { registry } = useServices();
  const recent = useQuery({
    queryKey: ["sweeps to copy"],
    queryFn: ({ signal }) => registry.listSweeps({ pageSize: MOST_SWEEPS }, { signal }),
  });
  const asked = useDeferredValue(sweepId);
  const found = useQuery({
    queryKey: ["prior sweep", asked],
    queryFn: ({ signal }) => registry.getSweep({ sweepId: asked }, { signal }),
    enabled: asked.length >= SHORTEST_ID,
    retry: false,
  });
  return (
    <>
      <div className="field">
        <label htmlFor={`${id}-sweep`}>The sweep's id</label>
        <input
          id={`${id}-sweep`}
          list={`${id}-sweeps`}
          autoComplete="off"
          value={sweepId}
          aria-describedby={`${id}-hint`}
          onChange={(event) => onChange(event.target.value.trim())}
        />
        <datalist id={`${id}-sweeps`}>
          {recent.data?.sweeps.map((sweep) => (
            <option key={sweep.sweepId} value={sweep.sweepId}>
              {sweep.name}
            </option>
          ))}
        </datalist>
        <span id={`${id}-hint`} className="hint">
          Its finished, pruned and failed runs; parameters and metrics are matched by name.
        </span>
      </div>
      <div aria-live="polite">
        {found.error !== null && asked.length >= SHORTEST_ID && (
          <p className="hint at-fault">✗ {describeProblem(found.error).text}</p>
        )}
        {found.data?.sweep !== undefined && <Found sweep={found.data.sweep} spec={spec} />}
      </div>
    </>
  );
}

function Found({ sweep, spec }: { sweep: Sweep; spec: SweepSpec | undefined }) {
  const { stats } = sweep;
  const [finished, pruned, failed] = [
    stats?.finishedRuns ?? 0n,
    stats?.prunedRuns ?? 0n,
    stats?.failedRuns ?? 0n,
  ];
  const theirs = new Set(sweep.spec?.searchSpace?.parameters.map(({ name }) => name) ?? []);
  const lacking = (spec?.searchSpace?.parameters ?? [])
    .filter(({ name, conditions }) => conditions.length === 0 && !theirs.has(name))
    .map(({ name }) => name);
  return (
    <>
      <p>
        <bdi>{sweep.name}</bdi> has {formatCount(finished + pruned + failed)} results:{" "}
        {formatCount(finished)} finished, {formatCount(pruned)} pruned, {formatCount(failed)}{" "}
        failed.
      </p>
      {lacking.length > 0 && (
        <p className="hint at-fault">
          ✗ Its runs lack {lacking.slice(0, 10).join(", ")}
          {lacking.length > 10 && ` and ${lacking.length - 10} more`}, so none of them fits.
        </p>
      )}
    </>
  );
}
