import { formatCount } from "../store/format";
import type { Progress } from "../store/sweeps";

/** Shows the ended runs, with a bar if there is a cap. */
export function ProgressCell({ progress }: { progress: Progress }) {
  const { ended, cap } = progress;
  if (cap === undefined) return <>{formatCount(ended)} ended</>;
  const text = `${formatCount(ended)} / ${formatCount(cap)}`;
  return (
    <span className="progress">
      <progress value={Math.min(ended, cap)} max={cap} aria-label={`${text} runs ended`} /> {text}
    </span>
  );
}
