import { useServices } from "../../../rpc/context";
import { Chart } from "../../../ui/Chart";
import { CopyButton } from "../../../ui/CopyButton";
import { useAnswer } from "../../../ui/useAnswer";
import { useCurrentSweep } from "../sweepContext";

/** The sweep's config as YAML. */
export function Configuration() {
  const { sweepId, revision } = useCurrentSweep();
  const { registry } = useServices();
  const answer = useAnswer({
    key: ["config", sweepId],
    revision,
    ask: (signal) => registry.exportSweep({ sweepId }, { signal }),
  });
  return (
    <Chart title="Configuration" answer={answer}>
      {({ text }) => (
        <div className="config">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
          <pre tabIndex={0}>{text}</pre>
          <div className="chart-tools">
            <CopyButton text={() => text}>Copy YAML</CopyButton>
          </div>
        </div>
      )}
    </Chart>
  );
}
