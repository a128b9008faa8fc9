import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useId, useState } from "react";
import type { Run } from "../../../gen/wanllmdb/api/registry/v1/run_pb";
import { useServices } from "../../../rpc/context";
import { newRequestId } from "../../../rpc/requestId";
import { type ParameterKind, parameterText, parseParameter } from "../../../store/parameterText";
import { ProblemNotice } from "../../../ui/ProblemNotice";

/** Queues a run with the parameters of another one, as the user changes them. */
export function EnqueueForm({ sweepId, run }: { sweepId: string; run: Run }) {
  const { registry } = useServices();
  const id = useId();
  const [wrong, setWrong] = useState<readonly string[]>([]);
  const names = Object.keys(run.parameters).sort((one, other) => one.localeCompare(other));
  const enqueue = useMutation({
    mutationFn: (parameters: Record<string, { kind: ParameterKind }>) =>
      registry.enqueueRuns({ sweepId, runs: [{ parameters }], requestId: newRequestId() }),
  });
  const submit = (event: SyntheticEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const parameters: Record<string, { kind: ParameterKind }> = {};
    const failed: string[] = [];
    for (const name of names) {
      const text = form.get(name);
      const example = run.parameters[name];
      if (typeof text !== "string" || example === undefined) continue;
      // The sampler completes what is not given.
      if (text === "" && example.kind.case !== "stringValue") continue;
      const kind = parseParameter(text, example);
      if (kind === undefined) failed.push(name);
      else parameters[name] = { kind };
    }
    setWrong(failed);
    if (failed.length === 0) enqueue.mutate(parameters);
  };
  const queued = enqueue.data?.runs[0]?.number;
  return (
    <section>
      <h3>Enqueue a run</h3>
      <form onSubmit={submit}>
        <p className="faint">The sampler completes numbers that you leave empty.</p>
        {names.map((name) => {
          const isWrong = wrong.includes(name);
          const value = run.parameters[name];
          return (
            <div key={name} className="field">
              <label htmlFor={`${id}-${name}`}>{name}</label>
              <input
                id={`${id}-${name}`}
                name={name}
                defaultValue={value === undefined ? "" : parameterText(value)}
                aria-invalid={isWrong}
                aria-describedby={isWrong ? `${id}-${name}-problem` : undefined}
              />
              {isWrong && (
                <span id={`${id}-${name}-problem`} role="alert">
                  This is not a value of the kind that the parameter has.
                </span>
              )}
            </div>
          );
        })}
        <div className="actions">
          <button type="submit" className="primary" disabled={enqueue.isPending}>
            Enqueue
          </button>
          <span role="status">{queued !== undefined && `Run ${queued} is queued.`}</span>
        </div>
        {enqueue.isError && <ProblemNotice error={enqueue.error} onRetry={() => enqueue.reset()} />}
      </form>
    </section>
  );
}
