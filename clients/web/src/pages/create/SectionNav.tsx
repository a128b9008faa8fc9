import type { FieldProblem } from "../../rpc/problems";

/** The parts of the form in their order, each with the keys of the config that it shows. */
const SECTIONS: readonly (readonly [string, string, readonly string[]])[] = [
  ["start", "Start", []],
  ["sweep", "Sweep", ["name", "project", "description", "program"]],
  ["objectives", "Objectives", ["metric", "metrics"]],
  ["space", "Search space", ["parameters", "constraints"]],
  ["method", "Method", ["method", "sampler"]],
  [
    "stopping",
    "Stopping",
    [
      ...["early_terminate", "pruner", "run_cap", "max_failed_runs", "retries", "seed"],
      "terminate",
    ],
  ],
  ["prior", "Prior runs", []],
  ["review", "Review", []],
];

/** Leads to the parts of the form, and marks those with problems. */
export function SectionNav({ problems }: { problems: readonly FieldProblem[] }) {
  return (
    <nav aria-label="Parts of the form" className="section-nav">
      <ol>
        {SECTIONS.map(([id, title, keys]) => {
          const count = problems.filter(({ field }) =>
            keys.includes(/^[^.[]*/.exec(field)?.[0] ?? ""),
          ).length;
          return (
            <li key={id}>
              <a
                href={`#${id}-title`}
                onClick={(event) => {
                  event.preventDefault();
                  const heading = document.getElementById(`${id}-title`);
                  heading?.scrollIntoView({ block: "start" });
                  heading?.focus({ preventScroll: true });
                }}
              >
                {title}
                {count > 0 && (
                  <span className="at-fault">
                    {" "}
                    ✗ {count}
                    <span className="visually-hidden"> {count === 1 ? "problem" : "problems"}</span>
                  </span>
                )}
              </a>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
