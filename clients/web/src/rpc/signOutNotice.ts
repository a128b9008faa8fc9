import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

type Listener = () => void;

/**
 * The last error by which a service said that it does not accept the session's key; undefined
 * while it does. Any call can bring it, a stream in its middle too.
 */
export class SignOutNotice {
  #error: ConnectError | undefined;
  #wasAccepted = false;
  readonly #listeners = new Set<Listener>();

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getError = (): ConnectError | undefined => this.#error;

  /** Whether the server has answered any call of this page. */
  readonly wasAccepted = (): boolean => this.#wasAccepted;

  readonly interceptor: Interceptor = (next) => async (request) => {
    try {
      const response = await next(request);
      if (!response.stream) {
        // A key was accepted again, for example after signing in in another tab.
        this.#wasAccepted = true;
        this.#set(undefined);
        return response;
      }
      return { ...response, message: this.#watched(response.message) };
    } catch (error) {
      this.#note(error);
      throw error;
    }
  };

  async *#watched<Message>(messages: AsyncIterable<Message>): AsyncIterable<Message> {
    try {
      yield* messages;
    } catch (error) {
      this.#note(error);
      throw error;
    }
  }

  #note(cause: unknown): void {
    const error = ConnectError.from(cause);
    if (error.code === Code.Unauthenticated) this.#set(error);
  }

  #set(error: ConnectError | undefined): void {
    if (error === this.#error) return;
    this.#error = error;
    for (const listener of this.#listeners) listener();
  }
}

/** The notice of this page. */
export const signOutNotice = new SignOutNotice();
