import { bayes, Client, int, logUniform } from "@wanllmdb/sweeps";

const client = new Client(); // WANLLMDB_REGISTRY, WANLLMDB_SUGGESTION, WANLLMDB_API_KEY, ...

const sweep = bayes({ minimize: "loss" }, { lr: logUniform(1e-4, 0.1), layers: int(1, 4) })
  .hyperband({ minIter: 2 })
  .runCap(20);
const id = await client.createSweep(sweep, { name: "from TypeScript" });

await client.agent(id, async (run) => {
  const { lr, layers } = run.params; // typed by the space: two numbers
  for (let epoch = 1; epoch <= 5; epoch++) {
    const loss = Math.abs(Math.log10(lr) + 2.5) + layers / epoch;
    await run.log({ loss }); // throws when the run is to stop: let it leave the function
  }
});

const best = await client.bestRun(id);
process.stdout.write(`best: run ${best?.number}, loss ${best?.objective?.toFixed(3)}\n`);
