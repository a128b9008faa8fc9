/** The pages of a sweep in the order of their tabs; each is a child of the sweep's route. */
export const TABS = [
  { to: "/sweeps/$sweepId", label: "Overview" },
  { to: "/sweeps/$sweepId/runs", label: "Runs" },
  { to: "/sweeps/$sweepId/parallel", label: "Parallel" },
  { to: "/sweeps/$sweepId/analysis", label: "Analysis" },
  { to: "/sweeps/$sweepId/pareto", label: "Pareto", fewestMetrics: 2 },
  { to: "/sweeps/$sweepId/settings", label: "Settings" },
] as const;
