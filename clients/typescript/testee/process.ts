/**
 * A process of its own for an agent, or for the program of a command agent. Its argument is a
 * command; it writes a line to stdout when its code has logged a value.
 */
import { Client } from "../src/index.js";
import { type GivenAgent, trialOf } from "./services.js";

const given = JSON.parse(process.argv[2] ?? "{}") as GivenAgent & { readonly work: string };
const trial = trialOf(given, [], () => process.stdout.write("begun\n"));
using client = new Client();
await (given.work === "agent" ? client.agent(given.sweep_id, trial) : client.child(trial));
