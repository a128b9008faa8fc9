import { useBlocker } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ConfirmDialog } from "./ConfirmDialog";

interface Props {
  /** Whether there is something to lose. */
  readonly isDirty: boolean;
  readonly question: string;
  /** What is lost. */
  readonly children: ReactNode;
}

/** Asks before the user leaves the page, or closes the tab, and loses something. */
export function LeaveGuard({ isDirty, question, children }: Props) {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && current.pathname !== next.pathname,
    enableBeforeUnload: () => isDirty,
    withResolver: true,
  });
  if (blocker.status !== "blocked") return null;
  return (
    <ConfirmDialog
      question={question}
      confirm="Leave"
      refuse="Stay"
      isDangerous
      onAnswer={(isConfirmed) => (isConfirmed ? blocker.proceed() : blocker.reset())}
    >
      {children}
    </ConfirmDialog>
  );
}
