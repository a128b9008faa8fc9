import { Code, ConnectError } from "@connectrpc/connect";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type SyntheticEvent, useRef, useState } from "react";
import { describeProblem } from "../../rpc/problems";
import { signIn } from "../../rpc/session";
import { notAKey } from "../../store/keyText";
import { localPath } from "../../store/localPath";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { useTitle } from "../../ui/useTitle";
import { useCaller } from "../useCaller";
import { useRejection } from "../useRejection";

const route = getRouteApi("/login");

/** Takes an API key, and leads back to the page that needed it. */
export function LoginPage() {
  useTitle("Sign in");
  const next = localPath(route.useSearch().next);
  const caller = useCaller();
  const rejection = useRejection();
  const field = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState<string>();
  const attempt = useMutation({
    mutationFn: signIn,
    gcTime: 0,
    // A new document, so that nothing is left of what another key could see.
    onSuccess: () => window.location.replace(next),
    onError: () => field.current?.select(),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const text = field.current?.value.trim() ?? "";
    const problem = notAKey(text);
    setWrong(problem);
    attempt.reset();
    if (problem === undefined) attempt.mutate(text);
    else field.current?.select();
  };
  if (caller?.keysRequired === false) return <NoKeysNeeded next={next} />;
  const key = rejection === undefined ? caller?.key : undefined;
  return (
    <div className="panel sign-in">
      <h1>Sign in</h1>
      {rejection !== undefined && <Cause error={rejection} />}
      {key !== undefined && (
        <p>
          You are signed in with the key <bdi>{key.name || key.keyId}</bdi>.{" "}
          <a href={next}>Go on with it</a>, or use another one.
        </p>
      )}
      <form onSubmit={submit} autoComplete="off" noValidate>
        {attempt.isError && <Refusal error={attempt.error} />}
        <div className="field">
          <label htmlFor="key">API key</label>
          <input
            id="key"
            ref={field}
            type="password"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            placeholder="wsk_…"
            required
            aria-invalid={wrong !== undefined || attempt.isError}
            aria-describedby="key-said"
            // biome-ignore lint/a11y/noAutofocus: the field is all that the page is for
            autoFocus
          />
          <span id="key-said" className="hint at-fault" role="alert">
            {wrong !== undefined && `✗ ${wrong}`}
          </span>
        </div>
        <p className="faint">
          An administrator creates keys on the page “Keys”, or with <code>wanllmdb key create</code>
          . The key of <code>wanllmdb up --require-keys</code> is in the file <code>admin.key</code>{" "}
          of its data directory. The browser keeps the key in a cookie that only this server can
          read.
        </p>
        <button type="submit" className="primary" disabled={attempt.isPending || attempt.isSuccess}>
          {attempt.isPending || attempt.isSuccess ? "Signing in …" : "Sign in"}
        </button>
      </form>
    </div>
  );
}

/** Says why the user is here, if the key of the page before was no longer accepted. */
function Cause({ error }: { error: unknown }) {
  const problem = describeProblem(error);
  if (problem.reason === "KEY_MISSING") return null;
  return (
    <p>
      <strong>{problem.title}.</strong> {sentence(problem.text)}
    </p>
  );
}

/** Says why a key was not accepted: it is wrong, has expired, or was revoked. */
function Refusal({ error }: { error: unknown }) {
  const { code, rawMessage } = ConnectError.from(error);
  if (code !== Code.Unauthenticated) return <ProblemNotice error={error} />;
  return (
    <div className="problem" role="alert">
      <p>
        <strong>This key was not accepted</strong>
      </p>
      <p>{sentence(rawMessage)}</p>
    </div>
  );
}

function NoKeysNeeded({ next }: { next: string }) {
  return (
    <div className="panel sign-in">
      <h1>Sign in</h1>
      <p>
        This server requires no keys. <a href={next}>Go on</a>
      </p>
    </div>
  );
}

/** Returns a server's text as a sentence of its own. */
function sentence(text: string): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}
