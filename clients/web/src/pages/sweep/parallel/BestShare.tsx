import { useId } from "react";
import type { RunFilter } from "../../../store/runTable";
import { shareText, withoutTop } from "./FilterChips";

/** The steps of the slider: the fewer runs, the finer. */
const SHARES = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7,
  0.8, 0.9, 1,
];

interface Props {
  readonly filter: RunFilter;
  readonly onStep: (filter: RunFilter) => void;
}

/** Keeps a share of the runs: those with the best objective. */
export function BestShare({ filter, onStep }: Props) {
  const id = useId();
  const share = filter.top ?? 1;
  const text = share === 1 ? "all runs" : `best ${shareText(share)}`;
  return (
    <div className="field best-share">
      <label htmlFor={id}>
        Best runs: <span className="value">{text}</span>
      </label>
      <input
        id={id}
        type="range"
        min={0}
        max={SHARES.length - 1}
        value={nearestStep(share)}
        aria-valuetext={text}
        onChange={(event) => {
          const top = SHARES[Number(event.target.value)] ?? 1;
          onStep(top === 1 ? withoutTop(filter) : { ...filter, top });
        }}
      />
    </div>
  );
}

function nearestStep(share: number): number {
  const distances = SHARES.map((each) => Math.abs(Math.log(each / share)));
  return distances.indexOf(Math.min(...distances));
}
