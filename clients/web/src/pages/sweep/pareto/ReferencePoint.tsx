import { useId } from "react";
import { Goal, type Metric } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { formatValue } from "../../../store/format";

interface Props {
  readonly metrics: readonly Metric[];
  /** What the user chose, by metric. */
  readonly chosen: Readonly<Record<string, number>>;
  /** The point that the server measured from, in the order of the metrics. */
  readonly used: readonly number[];
  readonly onChange: (reference: Readonly<Record<string, number>> | undefined) => void;
}

/** Chooses the point from which the hypervolume is measured. */
export function ReferencePoint({ metrics, chosen, used, onChange }: Props) {
  const id = useId();
  const change = (name: string, text: string) => {
    const others = Object.entries(chosen).filter(([each]) => each !== name);
    const value = Number(text);
    const own: [string, number][] = text !== "" && Number.isFinite(value) ? [[name, value]] : [];
    const changed = Object.fromEntries([...others, ...own]);
    onChange(Object.keys(changed).length > 0 ? changed : undefined);
  };
  return (
    <fieldset className="reference-point">
      <legend>Reference point: worse than the runs of interest</legend>
      {metrics.map(({ name, goal }, index) => {
        const own = Object.hasOwn(chosen, name) ? chosen[name] : undefined;
        const text = own === undefined ? "" : String(own);
        const default_ = used[index];
        return (
          <div key={name} className="field">
            <label htmlFor={`${id}-${index}`} className="clipped" title={name}>
              {name} ({goal === Goal.MAXIMIZE ? "maximize" : "minimize"})
            </label>
            <input
              id={`${id}-${index}`}
              type="number"
              step="any"
              defaultValue={text}
              placeholder={
                default_ === undefined || Number.isNaN(default_) ? undefined : formatValue(default_)
              }
              onBlur={({ target }) => target.value !== text && change(name, target.value)}
              onKeyDown={({ key, currentTarget }) => {
                if (key === "Enter" && currentTarget.value !== text) {
                  change(name, currentTarget.value);
                }
              }}
            />
          </div>
        );
      })}
      {Object.keys(chosen).length > 0 && (
        <button type="button" onClick={() => onChange(undefined)}>
          Use the worst runs
        </button>
      )}
      <p className="hint">
        An empty field stands for the worst value of all runs, made worse by a tenth of the range.
      </p>
    </fieldset>
  );
}
