import { AnalysisService } from "../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import "../../ui/charts.css";
import "./compare.css";
import { useState } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { ProgressCurve } from "../../gen/wanllmdb/api/suggestion/v1/analysis_service_pb";
import { useClient } from "../../rpc/context";
import { describeProblem } from "../../rpc/problems";
import { csvOf } from "../../store/chartTable";
import { MOST_COMPARED } from "../../store/compareSearch";
import { comparedSweeps, compareFile } from "../../store/compareTable";
import { type Comparison, comparisonOf, metricChoices } from "../../store/comparison";
import { download } from "../../ui/download";
import { StreamState } from "../../ui/StreamState";
import { useAnswer } from "../../ui/useAnswer";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { CompareCharts } from "./CompareCharts";
import { ComparedList } from "./ComparedList";
import { CompareTable } from "./CompareTable";
import { ConfigDiff } from "./ConfigDiff";
import { SweepPicker } from "./SweepPicker";
import { useComparedSweeps } from "./useComparedSweeps";
import { useCompareSearch } from "./useCompareSearch";

/** Several sweeps beside each other: how they got better, what came of them, and their configs. */
export function ComparePage() {
  useTitle("Compare sweeps");
  const { search, setSearch, ids, named } = useCompareSearch();
  const { read, status, isPending } = useComparedSweeps(ids);
  const sweeps = read.flatMap(({ sweep }) => sweep ?? []);
  const comparison = comparisonOf(sweeps, search);
  const setIds = (changed: readonly string[]) =>
    setSearch({ ids: changed.length > 0 ? changed.join() : undefined });
  const full = `${MOST_COMPARED} sweeps are the most that a page compares. Remove one to add another.`;
  return (
    <>
      <div className="title-row">
        <h1>Compare sweeps</h1>
        {ids.length > 0 && <StreamState status={status} />}
        <span className="spacer" />
        {ids.length > 0 && <CopyLink />}
      </div>
      <section className="panel" aria-labelledby="compared">
        <h2 id="compared">Sweeps</h2>
        <ComparedList
          read={read}
          ids={ids}
          incomparable={comparison.incomparable}
          onRemove={(id) => setIds(ids.filter((each) => each !== id))}
        />
        {named > ids.length && (
          <p role="status">
            The address names {named} sweeps; the first {ids.length} are compared.
          </p>
        )}
        <SweepPicker
          chosen={ids}
          whyFull={ids.length >= MOST_COMPARED ? full : undefined}
          onAdd={(id) => setIds([...ids, id])}
        />
        {sweeps.length > 0 && <Choices sweeps={sweeps} comparison={comparison} />}
        {ids.length === 0 && (
          <p>
            Add two sweeps or more to see how they got better, what came of them, and how their
            configs differ.
          </p>
        )}
      </section>
      {isPending && ids.length > 0 && <div className="skeleton">Loading …</div>}
      {sweeps.length > 0 && !isPending && (
        <Results sweeps={sweeps} comparison={comparison} ids={ids} />
      )}
    </>
  );
}

function Choices({ sweeps, comparison }: { sweeps: readonly Sweep[]; comparison: Comparison }) {
  const { search, setSearch } = useCompareSearch();
  const choices = metricChoices(sweeps);
  const { choice } = comparison;
  // An option's value is a text, and a metric may have any name.
  const current = choice === undefined || choice === "own" ? "own" : `name ${choice.name}`;
  if (choices.length === 0) return null;
  return (
    <div className="chart-controls">
      <label>
        Metric
        <select
          value={current}
          onChange={({ target: { value } }) =>
            setSearch(
              value === "own"
                ? { own: true, metric: undefined }
                : { own: undefined, metric: value.slice("name ".length) },
            )
          }
        >
          {choices.map((each) =>
            each === "own" ? (
              <option key="own" value="own">
                the only metric of each sweep
              </option>
            ) : (
              <option key={`name ${each.name}`} value={`name ${each.name}`}>
                {each.name}
              </option>
            ),
          )}
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={search.log === true}
          onChange={({ target }) => setSearch({ log: target.checked ? true : undefined })}
        />
        Logarithmic metric
      </label>
    </div>
  );
}

interface ResultsProps {
  readonly sweeps: readonly Sweep[];
  readonly comparison: Comparison;
  readonly ids: readonly string[];
}

function Results({ sweeps, comparison, ids }: ResultsProps) {
  const { search, setSearch } = useCompareSearch();
  return (
    <>
      {comparison.sweepIds.length > 0 ? (
        <Measured sweeps={sweeps} comparison={comparison} ids={ids} />
      ) : (
        <Table sweeps={sweeps} comparison={comparison} ids={ids} curves={[]} />
      )}
      <section className="panel chart" aria-labelledby="configs">
        <h2 id="configs">Configs</h2>
        <ConfigDiff
          sweeps={sweeps}
          ids={ids}
          isAll={search.config === "all"}
          onAll={(isAll) => setSearch({ config: isAll ? "all" : undefined })}
        />
      </section>
    </>
  );
}

/** The charts of the sweeps that can be compared, and the results of all. */
function Measured({ sweeps, comparison, ids }: ResultsProps) {
  const { search } = useCompareSearch();
  const analysis = useClient(AnalysisService);
  const { sweepIds, metric } = comparison;
  const shown = sweeps.filter(({ sweepId }) => sweepIds.includes(sweepId));
  // The revision of a sweep only rises, and so does their sum.
  const revision = shown.reduce((sum, sweep) => sum + sweep.revision, 0n);
  const answer = useAnswer({
    key: ["comparison", sweepIds, metric],
    revision,
    ask: (signal) => analysis.compareSweeps({ sweepIds: [...sweepIds], metric }, { signal }),
  });
  return (
    <>
      <CompareCharts
        comparison={comparison}
        ids={ids}
        revision={revision}
        isLog={search.log === true}
        answer={answer}
      />
      <Table
        sweeps={sweeps}
        comparison={comparison}
        ids={ids}
        curves={answer.data?.curves ?? []}
        error={answer.error}
      />
    </>
  );
}

interface TableProps extends ResultsProps {
  readonly curves: readonly ProgressCurve[];
  readonly error?: unknown;
}

function Table({ sweeps, comparison: { label, goal }, ids, curves, error }: TableProps) {
  const now = useNow(5_000);
  const compared = comparedSweeps(sweeps, curves, goal, now);
  const save = () =>
    download(
      "comparison.csv",
      new Blob([csvOf(compareFile(compared, label))], { type: "text/csv;charset=utf-8" }),
    );
  return (
    <section className="panel chart" aria-labelledby="results">
      <h2 id="results">Results</h2>
      {error !== null && error !== undefined && (
        <p className="at-fault" role="alert">
          The best runs are missing: {describeProblem(error).text}
        </p>
      )}
      <CompareTable compared={compared} ids={ids} metric={label} />
      <div className="chart-tools">
        <button type="button" onClick={save} aria-label="Results: download CSV">
          CSV
        </button>
      </div>
    </section>
  );
}

/** Copies the address, which reproduces the page. */
function CopyLink() {
  const [said, setSaid] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(window.location.href);
      setSaid("Copied");
    } catch {
      // Pages without TLS have no clipboard.
      setSaid("Copy it from the address bar");
    }
  };
  return (
    <>
      <span role="status" className="faint">
        {said}
      </span>
      <button type="button" onClick={copy}>
        Copy link
      </button>
    </>
  );
}
