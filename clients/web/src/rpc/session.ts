import { Code, ConnectError } from "@connectrpc/connect";

/**
 * Signs in with an API key: the gateway seals it in a cookie that no script can read.
 *
 * @throws ConnectError if the gateway rejects the key or does not answer.
 */
export async function signIn(key: string): Promise<void> {
  await ask("POST", JSON.stringify({ key }));
}

/** Ends the session. */
export async function signOut(): Promise<void> {
  await ask("DELETE");
}

async function ask(method: "POST" | "DELETE", body?: string): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch("/session", {
      method,
      headers: { "content-type": "application/json" },
      body: body ?? null,
    });
  } catch (error) {
    throw new ConnectError(
      "The dashboard's server does not answer.",
      Code.Unavailable,
      undefined,
      [],
      error,
    );
  }
  if (!answer.ok) throw await errorOf(answer);
}

const CODES: Record<number, Code> = {
  400: Code.InvalidArgument,
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  409: Code.FailedPrecondition,
  429: Code.ResourceExhausted,
  503: Code.Unavailable,
};

async function errorOf(answer: Response): Promise<ConnectError> {
  const code = CODES[answer.status] ?? Code.Unknown;
  return new ConnectError(await messageOf(answer), code);
}

async function messageOf(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    const content: unknown = JSON.parse(text);
    if (content instanceof Object && "message" in content && typeof content.message === "string") {
      return content.message;
    }
  } catch {
    // A proxy on the way answered, with a page of its own.
  }
  return `The server answered ${answer.status} ${answer.statusText}.`;
}
