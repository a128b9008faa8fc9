import type { Transport } from "@connectrpc/connect";
import { Core } from "./client.js";
import { checkedKey } from "./key.js";
import { type ChosenReplica, type Routes, ServiceTransport } from "./transport.js";

/** What {@link connectThrough} may be given besides the transport. */
export interface ConnectOptions {
  /** The API key; a gateway's session needs none. */
  readonly apiKey?: string;
}

/**
 * Returns a client that calls both services through one transport of Connect, such as that of a
 * browser to the gateway. It sends calls as the client on Node does.
 *
 * @throws InvalidArgumentError if the key is none.
 * @example
 * const client = connectThrough(createConnectTransport({ baseUrl: location.origin }));
 */
export function connectThrough(transport: Transport, options: ConnectOptions = {}): Core {
  const apiKey = options.apiKey ? checkedKey(options.apiKey, "the option apiKey") : "";
  const routes = new OneRoute(transport);
  const key = { current: () => apiKey, hasOtherThan: () => false };
  return new Core({
    registry: new ServiceTransport(routes, key),
    suggestion: new ServiceTransport(routes, key),
  });
}

/** A gateway, which has one address and chooses among replicas itself. */
class OneRoute implements Routes {
  readonly where = "the gateway";
  readonly remedy = "it may be restarting, or its address may be wrong";
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  chosen(): ChosenReplica | undefined {
    return undefined;
  }

  any(): Promise<Transport> {
    return Promise.resolve(this.#transport);
  }
}
