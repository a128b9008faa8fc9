import { useMemo } from "react";
import { Goal } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import type { Direction } from "../../../store/matchingRows";
import { useCurrentSweep } from "../sweepContext";

interface Searched {
  /** The goal of the objective, if there is one. */
  readonly goal: Direction | undefined;
  /** The names of the parameters that never vary. */
  readonly constants: ReadonlySet<string>;
}

/** Returns what the sweep searches. */
export function useSearched(): Searched {
  const { spec } = useCurrentSweep();
  return useMemo(() => {
    const [metric, ...others] = spec?.metrics ?? [];
    const isOne = metric !== undefined && others.length === 0;
    const direction = metric?.goal === Goal.MAXIMIZE ? "maximize" : "minimize";
    const parameters = spec?.searchSpace?.parameters ?? [];
    const fixed = parameters.filter(({ distribution }) => distribution.case === "constant");
    return {
      goal: isOne ? direction : undefined,
      constants: new Set(fixed.map(({ name }) => name)),
    };
  }, [spec]);
}
