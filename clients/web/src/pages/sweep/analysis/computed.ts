import type { Answer } from "../../../ui/useAnswer";

/** Returns data that the page computed as a chart's answer; undefined while there is none. */
export function computed<T>(data: T | undefined): Answer<T> {
  return { data, error: null, isPending: data === undefined, retry: () => undefined };
}
