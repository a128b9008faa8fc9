import { describeRule } from "./algorithm";
import { readSpace } from "./spaceText";
import { KEPT, SPACE } from "./values";

const LABELS: Readonly<Record<string, string>> = {
  name: "Name",
  description: "Description",
  run_cap: "Run cap",
  max_failed_runs: "Failed runs at most",
  retries_lost: "Retries of a lost run",
  retries_failed: "Retries of a failed run",
  stopping: "Early termination",
  terminator: "Terminator",
  space: "Search space",
};

/** What the parts of a distribution are called. */
export const FIELD_LABELS: Readonly<Record<string, string>> = {
  values: "Values",
  probabilities: "Probabilities",
  scale: "Scale",
  min: "Min",
  max: "Max",
  q: "Step",
  mu: "Mean (mu)",
  sigma: "Deviation (sigma)",
  a: "a",
  b: "b",
};

/** Returns what a setting is called, with the name of what it belongs to. */
export function settingLabel(key: string): string {
  const known = LABELS[key];
  if (known !== undefined) return known;
  const colon = key.indexOf(":");
  const [part, name] = [key.slice(0, colon), key.slice(colon + 1)];
  if (part === "target") return `Target of ${name}`;
  if (part === "constraint") return `Constraint ${name}`;
  return `${FIELD_LABELS[part] ?? part} of ${name}`;
}

/** Returns a setting's text as people read it. */
export function settingText(key: string, text: string): string {
  if (key === "stopping" || key === "terminator") return describeRule(text);
  if (key === SPACE) return text === "" ? "a text with problems" : summaryOf(text);
  if (key.startsWith("constraint:")) return text === KEPT ? "kept" : "dropped";
  return text === "" ? "empty" : text;
}

function summaryOf(space: string): string {
  const names = readSpace(space)?.parameters.map(({ name }) => name) ?? [];
  return `${names.length === 1 ? "1 parameter" : `${names.length} parameters`}: ${names.join(", ")}`;
}
