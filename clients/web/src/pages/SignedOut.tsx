import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { describeProblem } from "../rpc/problems";
import { signOutNotice } from "../rpc/signOutNotice";
import { useRejection } from "./useRejection";

/**
 * Says on every page that its key is not accepted any more, and leads to the login page and back.
 * A page without a session leads there at once: nothing has been shown on it yet.
 */
export function SignedOut() {
  const error = useRejection();
  const { pathname, href } = useLocation();
  const navigate = useNavigate();
  const problem = error === undefined ? undefined : describeProblem(error);
  const isOnLogin = pathname === "/login";
  const isNew = problem?.reason === "KEY_MISSING" && !signOutNotice.wasAccepted() && !isOnLogin;
  useEffect(() => {
    if (isNew) void navigate({ to: "/login", search: { next: href }, replace: true });
  }, [isNew, href, navigate]);
  if (problem === undefined || isOnLogin) return null;
  const hasEnded = problem.reason === "KEY_MISSING";
  return (
    <div className="problem" role="alert">
      <p>
        <strong>{hasEnded ? "Your session has ended" : problem.title}</strong>
      </p>
      <p>
        {!hasEnded && `${problem.text}. `}What this page shows is no longer current.{" "}
        <Link to="/login" search={{ next: href }}>
          {hasEnded ? "Sign in" : "Sign in with another key"}
        </Link>{" "}
        to return here, or{" "}
        <Link to="/login" search={{ next: href }} target="_blank">
          sign in in another tab
        </Link>{" "}
        to keep what you are editing.
      </p>
    </div>
  );
}
