import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { useServices } from "../rpc/context";
import { signOut } from "../rpc/session";
import { ThemeSwitch } from "../ui/ThemeSwitch";
import { KeysLink } from "./KeysLink";
import { SignedOut } from "./SignedOut";

/** The frame of every page. */
export function Shell() {
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <header className="page-header">
        <Link to="/sweeps" className="brand">
          wanllmdb sweeps
        </Link>
        <nav aria-label="Pages">
          <Link to="/sweeps">Sweeps</Link> <Link to="/sweeps/new">New sweep</Link>{" "}
          <Link to="/templates">Templates</Link>
          <KeysLink />
        </nav>
        <div className="page-header-end">
          <Caller />
          <ThemeSwitch />
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <SignedOut />
        <Outlet />
      </main>
    </>
  );
}

/** Shows whose key the calls have, and lets the user sign out. */
function Caller() {
  const { keys } = useServices();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const caller = useQuery({
    queryKey: ["caller"],
    queryFn: ({ signal }) => keys.getCaller({}, { signal }),
  });
  if (caller.data?.keysRequired !== true) return null;
  const leave = async () => {
    await signOut();
    void cache.resetQueries();
    await navigate({ to: "/login" });
  };
  return (
    <>
      <span className="faint">{caller.data.key?.name || caller.data.key?.keyId}</span>
      <button type="button" onClick={leave}>
        Sign out
      </button>
    </>
  );
}
