import { Link } from "@tanstack/react-router";
import { TABS } from "./tabs";

/** Leads from one page of a sweep to the others, which keep the filter of runs. */
export function SweepTabs({ sweepId, metrics }: { sweepId: string; metrics: number }) {
  const tabs = TABS.filter((tab) => !("fewestMetrics" in tab) || metrics >= tab.fewestMetrics);
  return (
    <nav className="tabs" aria-label="Pages of the sweep">
      {tabs.map(({ to, label }) => (
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
