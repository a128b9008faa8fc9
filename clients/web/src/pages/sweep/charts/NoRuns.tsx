import { useCurrentSweep } from "../sweepContext";

/** What to type so that a chart has something to show. */
export function NoRuns() {
  const { sweepId } = useCurrentSweep();
  return (
    <>
      <p>No run has finished yet. Start an agent:</p>
      <pre>wanllmdb agent {sweepId}</pre>
    </>
  );
}
