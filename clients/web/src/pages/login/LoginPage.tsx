import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type SyntheticEvent, useRef } from "react";
import { signIn } from "../../rpc/session";
import { localPath } from "../../store/localPath";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { useTitle } from "../../ui/useTitle";

const route = getRouteApi("/login");

/** Takes an API key, and leads back to the page that needed it. */
export function LoginPage() {
  useTitle("Sign in");
  const { next } = route.useSearch();
  const router = useRouter();
  const cache = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  const attempt = useMutation({
    mutationFn: signIn,
    onSuccess: () => {
      void cache.resetQueries();
      router.history.push(localPath(next));
    },
    onError: () => field.current?.select(),
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    attempt.mutate(field.current?.value.trim() ?? "");
  };
  return (
    <div className="panel sign-in">
      <h1>Sign in</h1>
      <form onSubmit={submit}>
        {attempt.isError && <ProblemNotice error={attempt.error} />}
        {/* Password managers store a name with each secret. */}
        <input type="text" autoComplete="username" value="wanllmdb" readOnly hidden />
        <div className="field">
          <label htmlFor="key">API key</label>
          <input
            id="key"
            ref={field}
            type="password"
            autoComplete="current-password"
            placeholder="wsk_…"
            required
            // biome-ignore lint/a11y/noAutofocus: the field is all that the page is for
            autoFocus
          />
        </div>
        <p className="faint">
          An administrator creates keys with <code>wanllmdb key create</code>. The key of{" "}
          <code>wanllmdb up --require-keys</code> is in the file <code>admin.key</code> of its data
          directory. The browser keeps the key in a cookie that only this server can read.
        </p>
        <button type="submit" className="primary" disabled={attempt.isPending}>
          {attempt.isPending ? "Signing in …" : "Sign in"}
        </button>
      </form>
    </div>
  );
}
