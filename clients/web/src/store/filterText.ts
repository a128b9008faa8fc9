import { formatCount, formatValue } from "./format";
import { headingOf, isTime } from "./runCells";
import { runStateName } from "./runStates";
import {
  type Column,
  type ColumnCondition,
  isOnRequest,
  NAME_KEY,
  NUMBER_KEY,
  type RunFilter,
} from "./runTable";
import { formatSeconds, formatTime } from "./times";

// More names than these hide how the sentence ends.
const MOST_NAMES = 3;

/** Returns what a condition is on, as a page shows it. */
export function conditionName(column: Column | undefined, key: string): string {
  if (key === NUMBER_KEY) return "run number";
  if (key === NAME_KEY) return "Name";
  return column === undefined ? key.slice(key.indexOf(":") + 1) : headingOf(column);
}

/**
 * Returns a condition in words: "0.1 to 3", "adam or sgd", 'contains "oom"', "no value".
 *
 * @param isComplete Whether all runs have arrived, so that a value that no run has is unknown.
 */
export function conditionText(
  column: Column | undefined,
  condition: ColumnCondition,
  isComplete = true,
): string {
  const { min, max, categories, unknown = [], contains, missing } = condition;
  if (column === undefined && condition.key !== NUMBER_KEY) {
    return isOnRequest(condition.key) ? "loading …" : "not a column of this sweep";
  }
  const parts: string[] = [];
  if (categories !== undefined) {
    const known = categories.map((index) => shown(column?.categories[index] ?? ""));
    const note = isComplete ? " (no run has it)" : "";
    parts.push(...shortened([...known, ...unknown.map((text) => `${shown(text)}${note}`)]));
  } else if (min !== undefined && max !== undefined) {
    parts.push(
      min === max ? number(column, min) : `${number(column, min)} to ${number(column, max)}`,
    );
  } else if (min !== undefined) parts.push(`at least ${number(column, min)}`);
  else if (max !== undefined) parts.push(`at most ${number(column, max)}`);
  else if (contains === undefined) parts.push("any value");
  const values = parts.join(" or ");
  const texts = contains === undefined ? [] : [`contains “${contains}”`];
  const kept = [...(values === "" ? [] : [values]), ...texts].join(" and ");
  const alternatives = [...(kept === "" ? [] : [kept]), ...(missing === true ? ["no value"] : [])];
  return alternatives.join(" or ") || "nothing";
}

/** Returns the states of a filter in words. */
export function statesText(states: RunFilter["states"]): string {
  return states.map((state) => runStateName(state) ?? "unknown").join(" or ");
}

/** Returns the share of best runs in words. */
export function topText(top: number): string {
  return `best ${Number((top * 100).toPrecision(3))} %`;
}

function shortened(names: readonly string[]): readonly string[] {
  if (names.length <= MOST_NAMES + 1) return names;
  const more = names.length - MOST_NAMES;
  return [...names.slice(0, MOST_NAMES), `${formatCount(more)} more`];
}

function shown(text: string): string {
  return text === "" ? "(empty)" : text;
}

function number(column: Column | undefined, value: number): string {
  if (column === undefined) return formatCount(value);
  if (isTime(column)) return formatTime(value * 1000);
  if (column.kind === "field" && column.name === "duration") return formatSeconds(value);
  return formatValue(value);
}
