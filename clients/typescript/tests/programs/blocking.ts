import { existsSync } from "node:fs";
import { Client } from "@wanllmdb/sweeps";

// Its code blocks its thread until there is a file, which a test makes after some heartbeats.
const [sweepId = "", file = ""] = process.argv.slice(2);
await new Client().agent(sweepId, () => {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(file)) Atomics.wait(nothing, 0, 0, 50);
});
