import type { FieldProblem } from "../../rpc/problems";
import { parameterKey, SPACE, type Texts, targetKey } from "./values";

const KEYS: Readonly<Record<string, string>> = {
  "sweep.name": "name",
  "sweep.description": "description",
  run_cap: "run_cap",
  max_failed_runs: "max_failed_runs",
  "retries.lost": "retries_lost",
  "retries.failed": "retries_failed",
};

const FIELDS = ["values", "probabilities", "min", "max", "q", "mu", "sigma", "a", "b"] as const;

/** Returns the setting at which a field that the server rejects is shown; undefined for none. */
export function settingOfField(
  field: string,
  { present, edits }: { readonly present: Texts; readonly edits: Texts },
  metrics: readonly string[],
  parameters: readonly string[],
): string | undefined {
  const known = KEYS[field];
  if (known !== undefined) return known;
  if (/^(early_terminate|pruner)\b/.test(field)) return "stopping";
  if (/^terminate\b/.test(field)) return "terminator";
  const metric = /^(?:sweep\.spec\.)?metrics?(?:\[(\d+)\])?/.exec(field);
  if (metric !== null) {
    const name = metrics[Number(metric[1] ?? 0)];
    return name === undefined ? undefined : targetKey(name);
  }
  // A user who edits the space as a text sees all its problems there.
  if (SPACE in edits && /^(parameters|constraints)\b/.test(field)) return SPACE;
  return ofParameter(field, present, edits, parameters);
}

function ofParameter(
  field: string,
  present: Texts,
  edits: Texts,
  parameters: readonly string[],
): string | undefined {
  // The longest path that fits: "lr" and "lr.min" can both be names.
  const found = parameters
    .map((name) => ({ name, path: `parameters.${name.replaceAll("/", ".parameters.")}` }))
    .filter(({ path }) => field === path || field.startsWith(`${path}.`))
    .sort((one, other) => other.path.length - one.path.length)[0];
  if (found === undefined) return undefined;
  const { name, path } = found;
  const part = field.slice(path.length + 1);
  const exact = FIELDS.find((each) => part === each || part.startsWith(`${each}[`));
  if (exact !== undefined) return parameterKey(exact, name);
  const keys = FIELDS.map((each) => parameterKey(each, name)).filter((key) => key in present);
  // A problem of the whole parameter comes from what the user changed of it.
  return keys.find((key) => key in edits) ?? keys[0];
}

/** Returns the server's problems by the settings at which they are shown, and the others. */
export function placeProblems(
  problems: readonly FieldProblem[],
  keyOf: (field: string) => string | undefined,
): { readonly placed: Texts; readonly others: readonly FieldProblem[] } {
  const placed: Record<string, string> = {};
  const others: FieldProblem[] = [];
  for (const problem of problems) {
    const key = keyOf(problem.field);
    if (key === undefined) {
      others.push(problem);
      continue;
    }
    const { field, description } = problem;
    const text = [partOf(key, field), description].join(" ").trim();
    placed[key] = key in placed ? `${placed[key]}; ${text}` : text;
  }
  return { placed, others };
}

/** Returns the part of a setting that a problem is about, where the setting has several. */
function partOf(key: string, field: string): string {
  if (key === SPACE) return field;
  const isRule = key === "stopping" || key === "terminator";
  return isRule && field.includes(".") ? (field.split(".").at(-1) ?? "") : "";
}
