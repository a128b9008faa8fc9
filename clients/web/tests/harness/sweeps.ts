import type { Services } from "../../src/rpc/transport";

let made = 0;

const CONFIG = {
  method: "random",
  metric: { name: "loss", goal: "minimize" },
  parameters: {
    x: { distribution: "uniform", min: 0, max: 1 },
    layers: { values: [1, 2, 3] },
    optimizer: { values: ["adam", "sgd"] },
  },
};

interface Made {
  readonly id: string;
  readonly name: string;
}

/** Creates a sweep that belongs to one test alone, and starts it. */
export async function newSweep(
  { registry }: Services,
  config: Record<string, unknown> = {},
  { start = true } = {},
): Promise<Made> {
  made += 1;
  const name = `made ${process.pid}-${made}`;
  const { sweep } = await registry.createSweep({
    source: {
      case: "configText",
      value: { text: JSON.stringify({ ...CONFIG, name, project: "made", ...config }) },
    },
    requestId: crypto.randomUUID(),
  });
  if (sweep === undefined) throw new Error("the answer of CreateSweep has no sweep");
  if (start) await registry.startSweep({ sweepId: sweep.sweepId, requestId: crypto.randomUUID() });
  return { id: sweep.sweepId, name: sweep.name };
}
