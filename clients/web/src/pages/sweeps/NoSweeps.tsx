import { Link } from "@tanstack/react-router";
import { CopyBox } from "../../ui/CopyBox";

const TERMINAL = `wanllmdb sweep create sweep.yaml
wanllmdb agent SWEEP -- python train.py`;

const PYTHON = `import wanllmdb as wandb

def train():
    run = wandb.init()
    wandb.log({"loss": (run.config.lr - 0.01) ** 2})

sweep_id = wandb.sweep({
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.001, "max": 0.1}},
})
wandb.agent(sweep_id, train, count=20)`;

/** What to do while there is no sweep. */
export function NoSweeps({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <div className="panel">
        <h2>No sweep matches</h2>
        <Link to="/sweeps" search={{}}>
          Show all sweeps
        </Link>
      </div>
    );
  }
  return (
    <div className="panel">
      <h2>No sweeps yet</h2>
      <p>
        <Link to="/sweeps/new">Create the first one here</Link>, or where you work:
      </p>
      <div className="start-here">
        <section>
          <h3>In a terminal</h3>
          <CopyBox label="commands" text={TERMINAL} />
        </section>
        <section>
          <h3>In Python</h3>
          <CopyBox label="program" text={PYTHON} />
        </section>
      </div>
    </div>
  );
}
