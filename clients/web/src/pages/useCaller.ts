import { useQuery } from "@tanstack/react-query";
import { useServices } from "../rpc/context";
import { type Need, whyNot } from "../store/permissions";

/** Returns whose key the calls have; undefined until the server has answered. */
export function useCaller() {
  const { keys } = useServices();
  return useQuery({
    queryKey: ["caller"],
    queryFn: ({ signal }) => keys.getCaller({}, { signal }),
  }).data;
}

/** Returns why the user may not do something; undefined if nothing is known against it. */
export function useWhyNot(need: Need, project?: string): string | undefined {
  return whyNot(useCaller(), need, project);
}
