import { heartbeatPause } from "../src/agent/lease.js";
import { Client, namedRun } from "../src/index.js";
import { parseAddress, replicasOf, SUGGESTION } from "../src/node/addresses.js";
import { ReplicaChoice } from "../src/node/replicas.js";
import { patienceOf, serverNameOf } from "../src/node/settings.js";

/** The variables of a command. */
export interface InEnvironment {
  readonly environment: Readonly<Record<string, string>>;
}

/** Returns the settings of a client that is made in an environment. */
export function configure({ environment }: InEnvironment): unknown {
  using client = new Client({ env: environment });
  const { settings } = client;
  const { registry, suggestion, key, tls } = settings;
  const patience = patienceOf(environment);
  return {
    registry: replicasOf(registry),
    suggestion: replicasOf(suggestion),
    key: key.current() || null,
    tls:
      tls === undefined
        ? null
        : {
            ca: tls.ca ?? null,
            cert: tls.cert ?? null,
            key: tls.key ?? null,
            server_name: serverNameOf(tls, registry) ?? null,
          },
    patience: patience.seconds,
    first_patience: patience.atFirst,
  };
}

/** Returns the run that an environment names to a program of a command agent. */
export function findRun({ environment }: InEnvironment): unknown {
  const run = namedRun(environment);
  if (run === undefined) return null;
  const { sweepId: sweep_id, number, attempt, resumed } = run;
  return { sweep_id, number, attempt, resumed };
}

/** Returns the replica to which the calls of a sweep go first. */
export function chooseReplica(given: {
  readonly address: string;
  readonly sweep_id: string;
}): string | null {
  const address = parseAddress(given.address, SUGGESTION);
  const replicas = address.isList ? address.endpoints.map(({ text }) => text) : [];
  return new ReplicaChoice(replicas).choose(given.sweep_id) ?? null;
}

/** Returns the seconds between two heartbeats of a lease. */
export function pauseOfHeartbeats({ lease_seconds }: { readonly lease_seconds: number }): number {
  return heartbeatPause(lease_seconds);
}
