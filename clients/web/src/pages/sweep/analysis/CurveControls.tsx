import type { CurveAxis, CurveChoice } from "../../../store/learningCurves";
import { useAnalysis, useAnalysisSearch } from "./analysisContext";
import { CURVE_COUNTS } from "./search";

/** As many curves as these are shown at first. */
export const FIRST_COUNT = 8;

interface Props {
  readonly metric: string;
  /** The metrics that are offered. */
  readonly names: readonly string[];
}

/** The fields that choose the curves, in the address. */
export function CurveControls({ metric, names: known }: Props) {
  const { search, setSearch } = useAnalysisSearch();
  const analysis = useAnalysis();
  const names = new Set([...known, metric]);
  const { curves = "best", by = "step", count = FIRST_COUNT, runs = "" } = search;
  const chosen = (value: CurveChoice) => (value === "best" ? undefined : value);
  return (
    <div className="chart-controls">
      {names.size > 1 && (
        <label>
          Metric
          <select
            value={metric}
            onChange={({ target: { value } }) =>
              setSearch({ curve: value === analysis.metric ? undefined : value })
            }
          >
            {[...names].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <label>
        Runs
        <select
          value={curves}
          onChange={(event) => setSearch({ curves: chosen(event.target.value as CurveChoice) })}
        >
          <option value="best">best</option>
          <option value="latest">latest</option>
          <option value="selected">by number</option>
        </select>
      </label>
      {curves === "selected" ? (
        <label>
          Numbers
          <input
            // The address may change without the field, by the browser's Back.
            key={runs}
            placeholder="0, 3, 8-12"
            defaultValue={runs}
            onBlur={({ target: { value } }) =>
              value !== runs && setSearch({ runs: value || undefined })
            }
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              setSearch({ runs: event.currentTarget.value || undefined });
            }}
          />
        </label>
      ) : (
        <label>
          Number
          <select
            value={count}
            onChange={({ target: { value } }) =>
              setSearch({ count: Number(value) === FIRST_COUNT ? undefined : Number(value) })
            }
          >
            {CURVE_COUNTS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      )}
      <label>
        Across
        <select
          value={by}
          onChange={({ target: { value } }) =>
            setSearch({ by: value === "step" ? undefined : (value as CurveAxis) })
          }
        >
          <option value="step">step</option>
          <option value="iteration">iteration: count of values</option>
          <option value="time">time since the run's start</option>
        </select>
      </label>
    </div>
  );
}
