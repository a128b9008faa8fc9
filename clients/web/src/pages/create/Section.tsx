import type { ReactNode } from "react";

interface Props {
  readonly id: string;
  readonly title: string;
  /** What is wrong with the section as a whole. */
  readonly problem?: string | undefined;
  readonly children: ReactNode;
}

/** A part of the form. */
export function Section({ id, title, problem, children }: Props) {
  return (
    <section className="panel" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`} tabIndex={-1}>
        {title}
      </h2>
      {problem !== undefined && <p className="hint at-fault">✗ {problem}</p>}
      {children}
    </section>
  );
}
