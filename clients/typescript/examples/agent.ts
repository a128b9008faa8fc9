import { Client } from "@wanllmdb/sweeps";

// Works on the runs of the sweep that its argument names.
const [sweepId = ""] = process.argv.slice(2);

await new Client().agent<{ lr: number }>(sweepId, async (run) => {
  await run.log({ loss: Math.abs(Math.log10(run.params.lr) + 2.5) });
});
