import { PROTOCOL } from "../core/protocol.js";
import { isPlain } from "../core/values.js";

/** What `log` takes: numbers by name; names within objects are joined with dots. */
export interface Metrics {
  readonly [name: string]: number | bigint | boolean | Metrics;
}

/** Returns the numbers of what was logged, by flat name; warns of the rest, which is left out. */
export function numbersOf(
  metrics: Metrics,
  warn: (line: string) => void,
  prefix = "",
): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [key, value] of Object.entries(metrics as Readonly<Record<string, unknown>>)) {
    const name = prefix + key.toWellFormed();
    switch (typeof value) {
      case "number":
      case "bigint":
      case "boolean":
        if (isMetricName(name)) {
          found[name] = Number(value);
        } else {
          warn(
            `log leaves out '${name.slice(0, 40)}': a metric's name has 1 to ` +
              `${PROTOCOL.maxMetricNameCharacters} characters, and no NUL`,
          );
        }
        break;
      default:
        if (isPlain(value) && name.length <= PROTOCOL.maxMetricNameCharacters) {
          Object.assign(found, numbersOf(value as Metrics, warn, `${name}.`));
        } else {
          warn(
            `log keeps numbers only: '${name.slice(0, 40)}' is left out, it is a ${typeof value}`,
          );
        }
    }
  }
  return found;
}

/** Whether the registry accepts a step, and a number holds it exactly. */
export function isStep(step: number): boolean {
  return Number.isSafeInteger(step) && step >= 0;
}

function isMetricName(name: string): boolean {
  const { length } = [...name];
  return length > 0 && length <= PROTOCOL.maxMetricNameCharacters && !name.includes("\0");
}
