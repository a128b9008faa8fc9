import type { SecureClientSessionOptions } from "node:http2";
import { type NetConnectOpts, connect as openSocket, type Socket } from "node:net";
import { connect as openTlsSocket } from "node:tls";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { PROTOCOL } from "../core/protocol.js";
import { now } from "../core/time.js";
import type { Endpoint } from "./addresses.js";

/** The connection to one server, which is opened again when it broke. */
export class Channel {
  readonly endpoint: Endpoint;
  readonly transport: Transport;
  readonly #session: Http2SessionManager;
  #socket: Socket | undefined;
  #failures = 0;
  #notBefore = 0;

  /** @param tls the settings of TLS; undefined for plain text. */
  constructor(endpoint: Endpoint, tls: SecureClientSessionOptions | undefined) {
    this.endpoint = endpoint;
    const { text, socket } = endpoint;
    const scheme = tls === undefined ? "http" : "https";
    const baseUrl = `${scheme}://${socket === undefined ? text : "localhost"}`;
    this.#session = new Http2SessionManager(
      baseUrl,
      {
        pingIntervalMs: PROTOCOL.keepaliveMilliseconds,
        pingTimeoutMs: PROTOCOL.keepaliveTimeoutMilliseconds,
        pingIdleConnection: true,
        connectTimeoutMs: PROTOCOL.connectMilliseconds,
      },
      {
        createConnection: () => this.#open(tls),
        // An error that lists every field at fault travels as trailing metadata.
        settings: { maxHeaderListSize: PROTOCOL.maxMetadataBytes },
      },
    );
    this.transport = createGrpcTransport({
      baseUrl,
      sessionManager: this.#session,
      readMaxBytes: PROTOCOL.maxReceiveBytes,
      // The services do not compress.
      acceptCompression: [],
    });
  }

  /** The time before which the server is not tried again, by the clock of `now`. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /** Connects, unless that failed just before; returns undefined, or why there is no connection. */
  async connect(): Promise<unknown> {
    const state = this.#session.state();
    if (state === "open" || state === "idle") return undefined;
    if (now() < this.#notBefore) return this.#problem();
    if ((await this.#session.connect()) !== "error") {
      this.#failures = 0;
      return undefined;
    }
    const pause = PROTOCOL.firstReconnectMilliseconds * 2 ** this.#failures;
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#notBefore = now() + Math.min(pause, PROTOCOL.longestReconnectMilliseconds) / 1000;
    return this.#problem();
  }

  /** Closes the connection, and ends the calls over it. */
  close(): void {
    // The session would tell the server of an error, which the server's log then has.
    this.#socket?.destroy();
    if (this.#session.state() === "connecting") this.#session.abort();
  }

  #problem(): unknown {
    return this.#session.error() ?? new Error("no connection");
  }

  #open(tls: SecureClientSessionOptions | undefined): Socket {
    const { host, port, socket } = this.endpoint;
    const target: NetConnectOpts = socket === undefined ? { host, port } : { path: socket };
    this.#socket =
      tls === undefined
        ? openSocket(target)
        : openTlsSocket({ ...tls, ...target, ALPNProtocols: ["h2"] });
    // Small messages go at once.
    this.#socket.setNoDelay(true);
    return this.#socket;
  }
}
