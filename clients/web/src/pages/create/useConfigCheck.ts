import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useServices } from "../../rpc/context";

const PAUSE_MS = 300;

/** Has the server check a config shortly after the last change. */
export function useConfigCheck(text: string) {
  const { registry } = useServices();
  const [checked, setChecked] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setChecked(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const query = useQuery({
    queryKey: ["config-check", checked],
    queryFn: ({ signal }) =>
      registry.parseSweepConfig(
        { source: { case: "configText", value: { text: checked, keepsFloats: true } } },
        { signal },
      ),
    // The last picture stays until the next answer.
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return { ...query, isCurrent: checked === text && !query.isFetching };
}
