import type { Column } from "../../../store/runTable";
import { useAnalysis, useAnalysisSearch } from "./analysisContext";

/** The two parameters of the contour and of the rank plot, and fields to choose them. */
export function useParameterPair() {
  const { parameters } = useAnalysis();
  const { search, setSearch } = useAnalysisSearch();
  const [first, second] = parameters.toSorted((one, other) => rankOf(one) - rankOf(other));
  const x = parameters.find(({ name }) => name === search.x) ?? first;
  const wanted = parameters.find(({ name }) => name === search.y);
  const y = [wanted, second, first].find((each) => each !== undefined && each !== x);
  const field = (label: string, value: string, change: (name: string) => void) => (
    <label>
      {label}
      <select value={value} onChange={(event) => change(event.target.value)}>
        {parameters.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
  const choice = x !== undefined && y !== undefined && (
    <div className="chart-controls">
      {field("Across", x.name, (name) =>
        setSearch({ x: name, y: name === y.name ? x.name : y.name }),
      )}
      {field("Up", y.name, (name) => setSearch({ y: name, x: name === x.name ? y.name : x.name }))}
      <button type="button" onClick={() => setSearch({ x: y.name, y: x.name })}>
        Swap
      </button>
    </div>
  );
  return { x, y, choice };
}

/** Surfaces tell most over numbers, and people look at logarithmic ones first. */
function rankOf({ scale }: Column): number {
  return ["log", "linear", "category"].indexOf(scale);
}

/** What to say if a chart of two parameters has only one. */
export function OneParameter() {
  return (
    <div className="chart-empty">
      <p>This chart needs two searched parameters, and the sweep has fewer.</p>
    </div>
  );
}
