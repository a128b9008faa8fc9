import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useServices } from "../rpc/context";
import { signOut } from "../rpc/session";
import { Mark } from "../ui/Mark";
import { focusSearch, listenToKeys, useShortcuts } from "../ui/shortcuts";
import { ThemeSwitch } from "../ui/ThemeSwitch";
import { KeysLink } from "./KeysLink";
import { SignedOut } from "./SignedOut";

const ShortcutHelp = lazy(async () => ({
  default: (await import("../ui/ShortcutHelp")).ShortcutHelp,
}));

/** The frame of every page. */
export function Shell() {
  const isNew = useLocation({ select: ({ pathname }) => pathname === "/sweeps/new" });
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <header className="page-header">
        <Link to="/sweeps" className="brand">
          <Mark />
          wanllmdb sweeps
        </Link>
        <nav className="pages" aria-label="Pages">
          <Link to="/sweeps" activeOptions={{ exact: isNew, includeSearch: false }}>
            Sweeps
          </Link>
          <Link to="/sweeps/new">New sweep</Link>
          <Link to="/compare" activeOptions={{ includeSearch: false }}>
            Compare
          </Link>
          <Link to="/templates">Templates</Link>
          <KeysLink />
        </nav>
        <div className="page-header-end">
          <Caller />
          <Help />
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

/** The shortcuts that work on every page, and the button that lists all. */
function Help() {
  const navigate = useNavigate();
  const [isShown, setShown] = useState(false);
  useEffect(listenToKeys, []);
  useShortcuts([
    { keys: "?", label: "Show the shortcuts", run: () => setShown(true) },
    { keys: "/", label: "Search or filter this page", run: focusSearch },
    { keys: "g s", label: "Go to the sweeps", run: () => void navigate({ to: "/sweeps" }) },
    { keys: "g n", label: "Create a sweep", run: () => void navigate({ to: "/sweeps/new" }) },
  ]);
  return (
    <>
      <button
        type="button"
        className="icon quiet"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={() => setShown(true)}
      >
        ?
      </button>
      {isShown && (
        <Suspense fallback={null}>
          <ShortcutHelp onClose={() => setShown(false)} />
        </Suspense>
      )}
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
  const name = caller.data.key?.name || caller.data.key?.keyId;
  const leave = async () => {
    await signOut();
    void cache.resetQueries();
    await navigate({ to: "/login" });
  };
  return (
    <>
      <span className="caller" title={name} dir="auto">
        {name}
      </span>
      <button type="button" onClick={leave}>
        Sign out
      </button>
    </>
  );
}
