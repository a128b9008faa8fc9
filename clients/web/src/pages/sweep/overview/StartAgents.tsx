import type { Sweep } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { CopyBox } from "../../../ui/CopyBox";

/** What to type to start agents of a sweep. */
export function StartAgents({ sweep: { sweepId, spec } }: { sweep: Sweep }) {
  const hasProgram = spec?.program !== "" || spec.command.length > 0;
  const command = `wanllmdb agent ${sweepId}${hasProgram ? "" : " -- python train.py"}`;
  const program = `import wanllmdb as wandb

def train():
    run = wandb.init()
    wandb.log(${logged(spec)})

wandb.agent("${sweepId}", train)`;
  return (
    <div className="start-agents">
      <CopyBox label="command" text={command} />
      <CopyBox label="program" text={program} />
    </div>
  );
}

function logged(spec: Sweep["spec"]): string {
  const names = spec?.metrics.map(({ name }) => name) ?? [];
  return `{${names.map((name) => `${JSON.stringify(name)}: …`).join(", ")}}`;
}
