import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { createContext, useCallback, useContext } from "react";
import type { PlotAxis } from "../../../plots/area";
import type { Direction } from "../../../store/matchingRows";
import type { Column, RunFilter, RunTable } from "../../../store/runTable";
import type { ScoredRuns } from "../../../store/scoredRuns";
import type { AnalysisSearch } from "./search";

const route = getRouteApi("/sweeps/$sweepId/analysis");

/** What the charts of the page share: the runs, the filter and the metric. */
export interface Analysis {
  /** Undefined until the first runs arrived. */
  readonly table: RunTable | undefined;
  /** 1 for each row that the filter lets through. */
  readonly mask: Uint8Array;
  readonly filter: RunFilter;
  readonly isFiltered: boolean;
  readonly metric: string;
  readonly goal: Direction;
  /** The metric's column. */
  readonly objective: Column | undefined;
  /** The matching runs with an objective. */
  readonly scored: ScoredRuns;
  /** Returns the ranks of these runs, 0 for the best to 1 for the worst; computed once. */
  readonly ranks: () => Float64Array;
  /** The objective's axis over these runs. */
  readonly axis: PlotAxis;
  /** The parameters that the sweep searches, in the table's order. */
  readonly parameters: readonly Column[];
}

export const AnalysisContext = createContext<Analysis | undefined>(undefined);

/** Returns what the charts of the page share. */
export function useAnalysis(): Analysis {
  const analysis = useContext(AnalysisContext);
  if (analysis === undefined) throw new Error("there is no AnalysisContext around this component");
  return analysis;
}

/** Returns the page's settings in the address, and a function that changes some of them. */
export function useAnalysisSearch() {
  const search: AnalysisSearch = route.useSearch();
  const navigate = useNavigate();
  const setSearch = useCallback(
    (changed: { [Name in keyof AnalysisSearch]: AnalysisSearch[Name] | undefined }) => {
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) => ({ ...before, ...changed }),
        hash: true,
        replace: true,
        resetScroll: false,
        hashScrollIntoView: false,
      });
    },
    [navigate],
  );
  return { search, setSearch };
}

/** Returns a function that opens a run beside the table of runs, with the same filter. */
export function useOpenRun(): (run: number) => void {
  const navigate = useNavigate({ from: "/sweeps/$sweepId" });
  return useCallback(
    (run: number) => {
      void navigate({
        to: "/sweeps/$sweepId/runs",
        search: ({ states, where, top }) => ({
          ...(states && { states }),
          ...(where && { where }),
          ...(top && { top }),
          run,
        }),
      });
    },
    [navigate],
  );
}
