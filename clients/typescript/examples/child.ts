import { Client } from "@wanllmdb/sweeps";

// wanllmdb agent SWEEP -- node child.ts
await new Client().child<{ lr: number }>(async (run) => {
  for (let epoch = 1; epoch <= 5; epoch++) {
    await run.log({ loss: Math.abs(Math.log10(run.params.lr) + 2.5) / epoch });
  }
});
