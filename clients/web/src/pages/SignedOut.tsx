import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect, useSyncExternalStore } from "react";
import { describeProblem } from "../rpc/problems";
import { signOutNotice } from "../rpc/signOutNotice";

/**
 * Says on every page that its key is not accepted any more, and leads to the login page and back.
 * A page that never had a key leads there at once: there is nothing on it to lose.
 */
export function SignedOut() {
  const error = useSyncExternalStore(signOutNotice.subscribe, signOutNotice.getError);
  const { pathname, href } = useLocation();
  const navigate = useNavigate();
  const problem = error === undefined ? undefined : describeProblem(error);
  const isOnLogin = pathname === "/login";
  const isNew = problem?.reason === "KEY_MISSING" && !isOnLogin;
  useEffect(() => {
    if (isNew) void navigate({ to: "/login", search: { next: href }, replace: true });
  }, [isNew, href, navigate]);
  if (problem === undefined || isOnLogin) return null;
  return (
    <div className="problem" role="alert">
      <p>
        <strong>{problem.title}</strong>
      </p>
      <p>
        {problem.text}. What this page shows is no longer current.{" "}
        <Link to="/login" search={{ next: href }}>
          Sign in with another key
        </Link>{" "}
        to return here.
      </p>
    </div>
  );
}
