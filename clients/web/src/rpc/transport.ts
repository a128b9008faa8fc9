import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { KeyService } from "../gen/wanllmdb/api/registry/v1/key_service_pb";
import { SweepRegistryService } from "../gen/wanllmdb/api/registry/v1/registry_service_pb";
import { signOutNotice } from "./signOutNotice";

const UNARY_TIMEOUT_MS = 30_000;

/** The services behind the gateway that served this page. */
export interface Services {
  readonly registry: Client<typeof SweepRegistryService>;
  readonly keys: Client<typeof KeyService>;
  /** What the services that single pages use are called through. */
  readonly transport: Transport;
}

/** Returns clients of the gateway at an origin; they send the session's cookie. */
export function connect(origin: string): Services {
  return services(
    createConnectTransport({
      baseUrl: origin,
      useBinaryFormat: true,
      defaultTimeoutMs: UNARY_TIMEOUT_MS,
      interceptors: [signOutNotice.interceptor],
    }),
  );
}

/** Returns clients that call through a transport. */
export function services(transport: Transport): Services {
  return {
    registry: createClient(SweepRegistryService, transport),
    keys: createClient(KeyService, transport),
    transport,
  };
}
