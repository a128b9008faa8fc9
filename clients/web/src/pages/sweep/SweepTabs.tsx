import { Link } from "@tanstack/react-router";
import { TABS } from "./tabs";

/** Leads from one page of a sweep to the others, which keep the filter of runs. */
export function SweepTabs({ sweepId }: { sweepId: string }) {
  return (
    <nav className="tabs" aria-label="Pages of the sweep">
      {TABS.map(({ to, label }) => (
        <Link
          key={to}
          from="/sweeps/$sweepId"
          to={to}
          params={{ sweepId }}
          search={(search) => search}
          activeOptions={{ exact: true, includeSearch: false }}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
