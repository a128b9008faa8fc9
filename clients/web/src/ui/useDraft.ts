import { useEffect, useRef, useState } from "react";

interface State {
  readonly draft: string;
  /** The value when it was last looked at. */
  readonly seen: string;
  readonly sent: string;
}

/**
 * The text of a field whose value another part of the page owns, such as the address: it is sent a
 * moment after the last key, and follows when the value changes otherwise, such as by the Back
 * button.
 */
export function useDraft(
  value: string,
  send: (value: string) => void,
  delayMs: number,
): [string, (draft: string) => void] {
  const [state, setState] = useState<State>({ draft: value, seen: value, sent: value });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(send);
  useEffect(() => {
    latest.current = send;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  if (value !== state.seen) {
    // What comes back is older than what was typed since.
    if (value === state.sent) setState({ ...state, seen: value });
    else setState({ draft: value, seen: value, sent: value });
  }
  const change = (draft: string) => {
    setState((last) => ({ ...last, draft }));
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setState((last) => ({ ...last, sent: draft }));
      latest.current(draft);
    }, delayMs);
  };
  return [state.draft, change];
}
