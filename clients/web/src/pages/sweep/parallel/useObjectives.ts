import { useMemo } from "react";
import { Goal } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { Objective } from "../../../store/bestRuns";
import type { Direction } from "../../../store/matchingRows";
import type { RunTable } from "../../../store/runTable";
import { useCurrentSweep } from "../sweepContext";

interface Goals {
  /** The sweep's metrics in their order. */
  readonly objectives: readonly Objective[];
  /** The goal if there is one metric; of several, no run is simply the best. */
  readonly goal: Direction | undefined;
  /** The names of parameters that never vary. */
  readonly constants: ReadonlySet<string>;
}

/** Returns what the sweep is after, in terms of the table of its runs. */
export function useObjectives(table: RunTable): Goals {
  const { spec } = useCurrentSweep();
  return useMemo(() => {
    const objectives = (spec?.metrics ?? []).flatMap(({ name, goal }): Objective[] => {
      const column = table.columns.find(({ key }) => key === `objective:${name}`);
      const direction = goal === Goal.MAXIMIZE ? "maximize" : "minimize";
      return column === undefined ? [] : [{ column, goal: direction }];
    });
    const parameters = spec?.searchSpace?.parameters ?? [];
    const fixed = parameters.filter(({ distribution }) => distribution.case === "constant");
    return {
      objectives,
      goal: objectives.length === 1 ? objectives[0]?.goal : undefined,
      constants: new Set(fixed.map(({ name }) => name)),
    };
  }, [spec, table]);
}
