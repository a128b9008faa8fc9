import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useRef } from "react";
import { type Asked, delayUntilAsking } from "../store/asking";
import { useVisible } from "./useVisible";

/** Whether the chart around a component is on the screen. */
export const OnScreenContext = createContext(true);

export interface Answer<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly isPending: boolean;
  readonly retry: () => void;
}

interface Options<T> {
  /** What is asked for; the answers to other keys are kept apart. */
  readonly key: readonly unknown[];
  /** The sweep's revision now. */
  readonly revision: bigint;
  readonly ask: (signal: AbortSignal) => Promise<T>;
}

/**
 * Asks for a chart's data, and again when the sweep has a higher revision: at most every five
 * seconds, and only while the chart is on the screen.
 */
export function useAnswer<T>({ key, revision, ask }: Options<T>): Answer<T> {
  const isOnScreen = useContext(OnScreenContext);
  const isVisible = useVisible() && isOnScreen;
  const failed = useRef<Asked>({ revision: undefined, time: 0 });
  const query = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const asked: Asked = { revision, time: Date.now() };
      failed.current = asked;
      return { asked, answer: await ask(signal) };
    },
    enabled: isVisible,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });
  const { data, isFetching, isError, isPlaceholderData, refetch } = query;
  const asked = isError ? failed.current : data?.asked;

  useEffect(() => {
    if (!isVisible || isFetching || asked === undefined || isPlaceholderData) return;
    const delay = delayUntilAsking(asked, revision, Date.now());
    if (delay === undefined) return;
    const timer = setTimeout(() => void refetch(), delay);
    return () => clearTimeout(timer);
  }, [isVisible, isFetching, isPlaceholderData, asked, revision, refetch]);

  return {
    data: data?.answer,
    error: query.error,
    isPending: query.isPending,
    retry: () => void refetch(),
  };
}
