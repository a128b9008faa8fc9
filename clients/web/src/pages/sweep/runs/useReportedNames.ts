import { useQuery } from "@tanstack/react-query";
import { RunOrder } from "../../../gen/wanllmdb/api/registry/v1/registry_service_pb";
import { useServices } from "../../../rpc/context";

/** How many of the latest runs are looked at: they have the names that the others have. */
const SAMPLE = 50;

interface ReportedNames {
  readonly summary: readonly string[];
  readonly label: readonly string[];
}

const NONE: ReportedNames = { summary: [], label: [] };

/** Returns the metrics and labels of the latest runs, to suggest them. */
export function useReportedNames(sweepId: string): ReportedNames {
  const { registry } = useServices();
  const query = useQuery({
    queryKey: ["reported-names", sweepId],
    queryFn: async ({ signal }) => {
      const request = { sweepId, pageSize: SAMPLE, order: RunOrder.NUMBER_DESC };
      const { runs } = await registry.listRuns(request, { signal });
      return {
        summary: namesOf(runs.map(({ summary }) => summary)),
        label: namesOf(runs.map(({ labels }) => labels)),
      };
    },
    staleTime: 60_000,
  });
  return query.data ?? NONE;
}

function namesOf(maps: readonly Record<string, unknown>[]): string[] {
  const names = new Set(maps.flatMap((map) => Object.keys(map)));
  return [...names].sort((one, other) => one.localeCompare(other));
}
