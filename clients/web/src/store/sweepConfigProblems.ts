import type { FieldProblem } from "../rpc/problems";
import type { Path } from "./sweepConfigText";

/** Returns a path as the server writes it: `metrics[0].name`. */
export function fieldOf(path: Path): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`))
    .join("")
    .replace(/^\./, "");
}

const ITEM = /^(?:\[\d+\])*$/;

/**
 * Returns what is wrong with the value at a path, the items of a list among it, but not what is in
 * these items.
 */
export function problemAt(problems: readonly FieldProblem[], path: Path): string | undefined {
  const field = fieldOf(path);
  const found = problems.filter(
    (problem) => problem.field.startsWith(field) && ITEM.test(problem.field.slice(field.length)),
  );
  if (found.length === 0) return undefined;
  return found
    .map((problem) => {
      const rest = problem.field.slice(field.length);
      return rest === "" ? problem.description : `${rest}: ${problem.description}`;
    })
    .join("; ");
}

/** Returns the problems of a value and of all that it contains. */
export function problemsWithin(problems: readonly FieldProblem[], path: Path): FieldProblem[] {
  const field = fieldOf(path);
  return problems.filter(
    (problem) =>
      problem.field === field ||
      problem.field.startsWith(`${field}.`) ||
      problem.field.startsWith(`${field}[`),
  );
}
