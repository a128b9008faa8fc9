import {
  clone,
  create,
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  isMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ContextValues,
  type StreamResponse,
  type Transport,
  type UnaryResponse,
} from "@connectrpc/connect";
import { serviceErrorOf } from "./details.js";
import type { ServiceError } from "./errors.js";
import { PROTOCOL } from "./protocol.js";
import { newRequestId } from "./requestId.js";
import { Repetitions } from "./retries.js";
import { now, sleep } from "./time.js";

type HeadersGiven = ConstructorParameters<typeof Headers>[0];

/** How a call waits for a connection. */
export interface Wait {
  /** Whether to wait at all. */
  readonly waits: boolean;
  /** The end of the wait, by the clock of {@link now}. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
}

/** The replica to which a request goes first. */
export interface ChosenReplica {
  readonly transport: () => Promise<Transport>;
  /** Records how the call failed; returns whether any replica gets the call. */
  readonly failed: (error: ServiceError) => boolean;
}

/** The connections to one service. */
export interface Routes {
  /** Names the service in errors. */
  readonly where: string;
  /** Tells in errors what to do when the service does not answer. */
  readonly remedy: string;
  /** Returns the replica that a sweep's calls go to first; undefined for any. */
  chosen(sweepId: string): ChosenReplica | undefined;
  /**
   * Returns a connection to any replica.
   *
   * @throws ServiceError with Code.Unavailable if there is none.
   */
  any(wait: Wait): Promise<Transport>;
}

/** The API key of all calls. */
export interface KeySource {
  /** Returns the key; empty for none. */
  current(): string;
  /** Returns whether there is another key than the refused one, also one that was stored since. */
  hasOtherThan(refused: string): boolean;
}

/** Options of every call. */
export interface CallOptions {
  /** Ends the call. */
  readonly signal?: AbortSignal;
  /** The longest time in milliseconds that the call may take; 30 s by default. */
  readonly timeoutMs?: number;
}

/**
 * Sends calls as clients/PROTOCOL.md says: with one request id for each intent, with the key, and
 * again after errors that pass. All calls of a client go through it, so that generated clients have
 * it, too.
 */
export class ServiceTransport implements Transport {
  readonly #routes: Routes;
  readonly #key: KeySource;
  #hasAnswered = false;

  constructor(routes: Routes, key: KeySource) {
    this.#routes = routes;
    this.#key = key;
  }

  /** Whether the service has ever answered this client. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersGiven | undefined,
    input: MessageInitShape<I>,
    contextValues?: ContextValues,
  ): Promise<UnaryResponse<I, O>> {
    const message = withRequestId(method.input, input);
    const limit = timeoutMs ?? deadlineOf(method.name, message) * 1000;
    const deadline = now() + limit / 1000;
    const wait = { waits: this.#hasAnswered && waits(method.name, message), deadline, signal };
    let sentKey = "";
    const send = async (transport: Transport): Promise<UnaryResponse<I, O>> => {
      const left = deadline - now();
      if (left <= 0) throw new ConnectError("the time is over", Code.DeadlineExceeded);
      sentKey = this.#key.current();
      const response = await transport.unary(
        method,
        signal,
        // The header of gRPC takes whole milliseconds.
        Math.ceil(left * 1000),
        withKey(header, sentKey),
        message,
        contextValues,
      );
      this.#hasAnswered = true;
      return response;
    };
    const sweepId = textField(message, "sweepId");
    const repetitions = new Repetitions(method.name, () => this.#key.hasOtherThan(sentKey));
    for (let chosen = this.#routes.chosen(sweepId); ; ) {
      try {
        return await send(await inTime(chosen?.transport() ?? this.#routes.any(wait), wait));
      } catch (thrown) {
        const error = this.#errorOf(thrown, method.name, signal);
        if (chosen?.failed(error)) {
          // Any replica gets the call, at once.
          chosen = undefined;
        } else {
          await this.#pause(error, repetitions, wait);
        }
      }
    }
  }

  async stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersGiven | undefined,
    input: AsyncIterable<MessageInitShape<I>>,
    contextValues?: ContextValues,
  ): Promise<StreamResponse<I, O>> {
    // No RPC streams requests: there is one, which is sent again with each attempt.
    const requests: MessageInitShape<I>[] = [];
    for await (const request of input) requests.push(request);
    const deadline = now() + (timeoutMs ?? PROTOCOL.callDeadline * 1000) / 1000;
    let sentKey = "";
    const open = async (): Promise<StreamResponse<I, O>> => {
      const wait = { waits: this.#hasAnswered, deadline, signal };
      const transport = await inTime(this.#routes.any(wait), wait);
      sentKey = this.#key.current();
      return await transport.stream(
        method,
        signal,
        timeoutMs,
        withKey(header, sentKey),
        each(requests),
        contextValues,
      );
    };
    const wait = { waits: true, deadline, signal };
    const repetitions = new Repetitions(method.name, () => this.#key.hasOtherThan(sentKey));
    return {
      stream: true,
      service: method.parent,
      method,
      header: new Headers(),
      trailer: new Headers(),
      message: this.#messages(method.name, open, repetitions, wait),
    };
  }

  /** Yields the messages of a stream, which is opened again while it has sent none. */
  async *#messages<I extends DescMessage, O extends DescMessage>(
    rpc: string,
    open: () => Promise<StreamResponse<I, O>>,
    repetitions: Repetitions,
    wait: Wait,
  ): AsyncGenerator<MessageShape<O>> {
    let hasBegun = false;
    for (;;) {
      try {
        for await (const message of (await open()).message) {
          hasBegun = true;
          this.#hasAnswered = true;
          yield message;
        }
        return;
      } catch (thrown) {
        const error = this.#errorOf(thrown, rpc, wait.signal);
        if (hasBegun) throw error;
        await this.#pause(error, repetitions, wait);
      }
    }
  }

  /** Pauses before the next attempt; throws the error if there is none. */
  async #pause(error: ServiceError, repetitions: Repetitions, wait: Wait): Promise<void> {
    const pause = repetitions.pauseAfter(error);
    if (pause === undefined || now() + pause > wait.deadline) throw error;
    if (await sleep(pause, wait.signal)) wait.signal?.throwIfAborted();
  }

  #errorOf(thrown: unknown, rpc: string, signal: AbortSignal | undefined): ServiceError {
    // The program ended the call: its reason is the error.
    signal?.throwIfAborted();
    const { where, remedy } = this.#routes;
    const error = serviceErrorOf(thrown, { rpc, where, remedy });
    if (error.reason !== "") this.#hasAnswered = true;
    return error;
  }
}

/** Returns a connection, unless the time is over or the program ends the call before. */
async function inTime(connection: Promise<Transport>, wait: Wait): Promise<Transport> {
  const over = new AbortController();
  const end = (): void => over.abort();
  wait.signal?.addEventListener("abort", end);
  try {
    if (wait.signal?.aborted) end();
    const late = sleep(wait.deadline - now(), over.signal).then(() => {
      throw new ConnectError("there is no connection yet", Code.DeadlineExceeded);
    });
    return await Promise.race([connection, late]);
  } finally {
    end();
    wait.signal?.removeEventListener("abort", end);
  }
}

function withKey(given: HeadersGiven | undefined, key: string): Headers {
  const headers = new Headers(given);
  if (key !== "") headers.set("authorization", `Bearer ${key}`);
  return headers;
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** Returns the request with an id, which all its repetitions have. */
function withRequestId<I extends DescMessage>(
  schema: I,
  input: MessageInitShape<I>,
): MessageShape<I> {
  const hasId = schema.fields.some(({ localName }) => localName === "requestId");
  const isReady = isMessage(input, schema);
  if (!hasId) return isReady ? input : create(schema, input);
  if (isReady && textField(input, "requestId") !== "") return input;
  // The program may send its message again, which is another intent.
  const message = isReady ? clone(schema, input) : create(schema, input);
  if (textField(message, "requestId") === "") {
    Object.assign(message, { requestId: newRequestId() });
  }
  return message;
}

function textField(message: object, name: string): string {
  const value = (message as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : "";
}

function deadlineOf(rpc: string, message: object): number {
  const imports = rpc === "ImportRuns" || ("priorRunSource" in message && message.priorRunSource);
  return imports ? PROTOCOL.importDeadline : PROTOCOL.callDeadline;
}

/** Whether a call waits for a connection to a service that has answered before. */
function waits(rpc: string, message: object): boolean {
  if (rpc === "ShouldStop") return false;
  const bringsEnds =
    "endedRuns" in message && Array.isArray(message.endedRuns) && message.endedRuns.length > 0;
  return !(rpc === "Suggest" && bringsEnds);
}
