import { once } from "node:events";
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";

/** A server of gRPC on this machine. */
export class TestServer implements AsyncDisposable {
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();

  private constructor(server: Http2Server) {
    this.#server = server;
    server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
    });
  }

  /** Starts a server, at a given port or socket or at a free port. */
  static async start(
    routes: (router: ConnectRouter) => void,
    at: number | string = 0,
  ): Promise<TestServer> {
    const server = createServer(connectNodeAdapter({ routes }));
    if (typeof at === "number") server.listen(at, "127.0.0.1");
    else server.listen(at);
    await once(server, "listening");
    return new TestServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The variables with which a client finds both services here. */
  get env(): Record<string, string> {
    return { WANLLMDB_REGISTRY: this.address, WANLLMDB_SUGGESTION: this.address };
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** Breaks all connections, and listens no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }
}
