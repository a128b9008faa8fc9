import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";

const route = getRouteApi("/sweeps/$sweepId/parallel");

/** Returns a function that opens a run's details beside the table of runs, with the same filter. */
export function useOpenRun(): (number: number) => void {
  const { sweepId } = route.useParams();
  const navigate = useNavigate({ from: "/sweeps/$sweepId/parallel" });
  return useCallback(
    (run) => {
      void navigate({
        to: "/sweeps/$sweepId/runs",
        params: { sweepId },
        search: ({ states, where, top }) => ({
          ...(states && { states }),
          ...(where && { where }),
          ...(top && { top }),
          run,
        }),
      });
    },
    [navigate, sweepId],
  );
}
