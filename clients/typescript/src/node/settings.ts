import type { SecureClientSessionOptions } from "node:http2";
import { InvalidArgumentError } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import { type Address, isLoopback, parseAddress, REGISTRY, SUGGESTION } from "./addresses.js";
import { type Environment, numberOf, switchOf, textOf } from "./env.js";
import { ApiKey } from "./key.js";
import { sessionOptions, type Tls, tlsOf } from "./tls.js";

/** How a client reaches the services. What is absent is read from the environment. */
export interface ClientOptions {
  /** The registry's address: `host:port`, or several with commas between. */
  readonly registry?: string;
  /** The suggestion service's address. */
  readonly suggestion?: string;
  /** The API key. */
  readonly apiKey?: string;
  /** A file with the API key, which may be replaced while the client lives. */
  readonly apiKeyFile?: string;
  /** TLS: its settings, true for those of the environment, or false for plain text. */
  readonly tls?: boolean | Tls;
  /** Whether the key may go to another machine in plain text. */
  readonly insecure?: boolean;
  /** The variables that stand for what is absent; `process.env` by default. */
  readonly env?: Environment;
}

/** The settings of a client, checked. */
export interface Settings {
  readonly registry: Address;
  readonly suggestion: Address;
  readonly key: ApiKey;
  readonly tls: Tls | undefined;
  /** The same for Node, with the contents of the files. */
  readonly session: SecureClientSessionOptions | undefined;
  readonly env: Environment;
}

/**
 * Returns the settings of a client from its options and its environment.
 *
 * @throws InvalidArgumentError if a setting is not valid.
 */
export function settingsOf(options: ClientOptions = {}): Settings {
  const env = options.env ?? process.env;
  const registry = options.registry || textOf(env, REGISTRY.variable) || REGISTRY.byDefault;
  const suggestion = options.suggestion || textOf(env, SUGGESTION.variable) || SUGGESTION.byDefault;
  const tls = tlsOf(env, options.tls);
  const settings: Settings = {
    registry: parseAddress(registry, REGISTRY),
    suggestion: parseAddress(suggestion, SUGGESTION),
    key: ApiKey.of(env, options.apiKey, options.apiKeyFile),
    tls,
    session: tls && sessionOptions(tls),
    env,
  };
  const insecure = options.insecure ?? switchOf(env, "WANLLMDB_INSECURE", false);
  if (settings.key.current() !== "" && tls === undefined && !insecure) {
    refuseOpenNetworks(settings);
  }
  return settings;
}

function refuseOpenNetworks({ registry, suggestion }: Settings): void {
  for (const [address, { name }] of [
    [registry, REGISTRY],
    [suggestion, SUGGESTION],
  ] as const) {
    if (isLoopback(address)) continue;
    throw new InvalidArgumentError(
      `the API key would go to the ${name} at ${address.given} in plain text, readable on the ` +
        "network: use TLS (WANLLMDB_TLS=1, WANLLMDB_TLS_CA=FILE, or the option tls), or, in a " +
        "network that you trust, set WANLLMDB_INSECURE=1 (or the option insecure)",
    );
  }
}

/** Returns the name that the certificate of a service must have; undefined behind a scheme. */
export function serverNameOf(tls: Tls, address: Address): string | undefined {
  return tls.serverName ?? address.host;
}

/** How long an agent waits for unavailable services, in seconds. */
export interface Patience {
  readonly seconds: number;
  /** The same for services that have never answered: their address may be wrong. */
  readonly atFirst: number;
}

/**
 * Returns the given patience, else that of the environment, else the default.
 *
 * @param knowsThem whether the services answered an earlier process of the agent.
 * @throws InvalidArgumentError if it is no number or below 0.
 */
export function patienceOf(env: Environment, given?: number, knowsThem = false): Patience {
  const asked = numberOf(env, "WANLLMDB_PATIENCE", given, "the option patience");
  const seconds = asked ?? PROTOCOL.patience;
  const isSure = asked !== undefined || knowsThem;
  return { seconds, atFirst: isSure ? seconds : Math.min(seconds, PROTOCOL.firstPatience) };
}
