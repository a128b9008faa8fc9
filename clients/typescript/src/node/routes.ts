import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { hasReason, messageOf, ServiceError } from "../core/errors.js";
import { now, sleep } from "../core/time.js";
import type { ChosenReplica, Routes, Wait } from "../core/transport.js";
import type { Address, Service } from "./addresses.js";
import { Channel } from "./channel.js";
import { handshakeProblem } from "./handshake.js";
import { ReplicaChoice } from "./replicas.js";
import { type Settings, serverNameOf } from "./settings.js";
import { type Tls, withName } from "./tls.js";

/** The connections to the replicas of one service. */
export class Replicas implements Routes {
  readonly where: string;
  readonly remedy: string;
  readonly #channels: readonly Channel[];
  readonly #choice: ReplicaChoice;
  readonly #tls: Tls | undefined;
  #turn = 0;
  #isClosed = false;

  /** @param chooses whether calls of one sweep go to the same replica. */
  constructor(service: Service, address: Address, settings: Settings, chooses: boolean) {
    const { tls, session } = settings;
    this.where = `the ${service.name} at ${address.given}`;
    const speaks = tls === undefined ? ", or set WANLLMDB_TLS=1 if it speaks TLS" : "";
    this.remedy = `start it with \`wanllmdb up\`, or set ${service.variable} (or the option ${service.option}) to its address${speaks}`;
    this.#tls = tls;
    this.#channels = address.endpoints.map((endpoint) => {
      const name = (tls && serverNameOf(tls, address)) ?? endpoint.host;
      return new Channel(endpoint, session && withName(session, name));
    });
    const replicas = address.endpoints.map(({ text }) => text);
    this.#choice = new ReplicaChoice(chooses && address.isList ? replicas : []);
  }

  chosen(sweepId: string): ChosenReplica | undefined {
    if (sweepId === "" || this.#isClosed) return undefined;
    const replica = this.#choice.choose(sweepId);
    const channel = this.#channels.find(({ endpoint }) => endpoint.text === replica);
    if (replica === undefined || channel === undefined) return undefined;
    return {
      transport: async () => {
        const problem = await channel.connect();
        if (problem !== undefined) throw this.#unavailable(problem);
        return channel.transport;
      },
      failed: (error) => {
        const isAway = error.code === Code.Unavailable || error.code === Code.DeadlineExceeded;
        // A replica whose writes conflicted with others is there.
        if (isAway && !hasReason(error, "WRITE_CONFLICT")) this.#choice.markAway(replica);
        return error.code === Code.Unavailable;
      },
    };
  }

  async any({ waits, deadline, signal }: Wait): Promise<Transport> {
    for (;;) {
      let problem: unknown;
      // In turn, so that calls are spread over all replicas.
      for (let tried = 0; tried < this.#channels.length; tried += 1) {
        if (this.#isClosed) {
          throw new ServiceError(
            `${this.where} was not called: the client is closed`,
            Code.Canceled,
          );
        }
        signal?.throwIfAborted();
        const channel = this.#channels[this.#turn++ % this.#channels.length];
        if (channel === undefined) continue;
        problem = await channel.connect();
        if (problem === undefined) return channel.transport;
      }
      const next = Math.min(...this.#channels.map(({ notBefore }) => notBefore));
      if (!waits || next >= deadline) throw this.#unavailable(problem);
      await sleep(Math.max(next - now(), 0.01), signal);
      signal?.throwIfAborted();
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#isClosed = true;
    for (const channel of this.#channels) channel.close();
  }

  #unavailable(problem: unknown): ServiceError {
    const todo =
      handshakeProblem(problem, this.#tls) ??
      `${problem instanceof ConnectError ? problem.rawMessage : messageOf(problem)}; ${this.remedy}`;
    const message = `no connection to ${this.where}: ${todo}`;
    return new ServiceError(message, Code.Unavailable, { cause: problem });
  }
}
