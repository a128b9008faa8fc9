import { useState } from "react";
import { useCurrentSweep } from "../sweepContext";

/** The metric that charts show, and a field to choose another one if there are several. */
export function useMetric() {
  const { spec } = useCurrentSweep();
  const names = spec?.metrics.map(({ name }) => name) ?? [];
  const [chosen, setChosen] = useState("");
  const metric = names.includes(chosen) ? chosen : (names[0] ?? "");
  const choice = names.length > 1 && (
    <div className="chart-controls">
      <label>
        Metric
        <select value={metric} onChange={(event) => setChosen(event.target.value)}>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
    </div>
  );
  return { metric, choice };
}
