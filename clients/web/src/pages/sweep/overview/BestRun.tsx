import { Link } from "@tanstack/react-router";
import type { Sweep } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import {
  parametersArguments,
  parametersJson,
  sortedParameters,
} from "../../../store/parameterJson";
import { bestOf, formatParameter } from "../../../store/sweeps";
import { CopyButton } from "../../../ui/CopyButton";
import { GoalArrow } from "../../../ui/GoalArrow";

/** The best run with its parameters, to copy; nothing while there is none. */
export function BestRun({ sweep }: { sweep: Sweep }) {
  const best = bestOf(sweep);
  if (best === undefined) return null;
  const parameters = sweep.stats?.bestRun?.parameters ?? {};
  return (
    <section className="panel" aria-labelledby="best">
      <h2 id="best">Best run</h2>
      <p className="best-line">
        <strong className="figure">{best.value}</strong>{" "}
        <span className="faint">
          <bdi>{best.metric}</bdi> <GoalArrow goal={best.goal} />
        </span>{" "}
        <Link
          to="/sweeps/$sweepId/runs"
          params={{ sweepId: sweep.sweepId }}
          search={{ run: Number(best.run) }}
        >
          run {String(best.run)}
        </Link>
      </p>
      <dl className="parameters">
        {sortedParameters(parameters).map(([name, value]) => (
          <div key={name}>
            <dt dir="auto">{name}</dt>
            <dd dir="auto">{formatParameter(value)}</dd>
          </div>
        ))}
      </dl>
      <div className="chart-tools">
        <CopyButton text={() => parametersJson(parameters)}>Copy as JSON</CopyButton>
        <CopyButton text={() => parametersArguments(parameters)}>Copy as arguments</CopyButton>
      </div>
    </section>
  );
}
