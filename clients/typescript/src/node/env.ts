import { InvalidArgumentError } from "../core/errors.js";

/** Variables of an environment, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const ON = new Set(["1", "true", "yes", "on"]);
const OFF = new Set(["0", "false", "no", "off"]);

/** Returns the text of a variable; undefined if it is not set or empty. */
export function textOf(env: Environment, name: string): string | undefined {
  return env[name] || undefined;
}

/**
 * Returns whether a switch is on.
 *
 * @throws InvalidArgumentError if its text is neither on nor off.
 */
export function switchOf(env: Environment, name: string, byDefault: boolean): boolean {
  const text = textOf(env, name)?.trim().toLowerCase();
  if (text === undefined) return byDefault;
  if (ON.has(text)) return true;
  if (OFF.has(text)) return false;
  throw new InvalidArgumentError(`${name} is '${env[name]}': write 1 for on, or 0 for off`);
}

/** Returns whether a flag is on; any text but 1, true, yes and on is off. */
export function flagOf(env: Environment, name: string): boolean {
  return ON.has((textOf(env, name) ?? "").toLowerCase());
}

/**
 * Returns a number, of the argument or else of the variable; undefined if neither is given.
 *
 * @param what names the argument in errors.
 * @throws InvalidArgumentError if it is no number or below 0.
 */
export function numberOf(
  env: Environment,
  name: string,
  given: number | undefined,
  what: string,
): number | undefined {
  const text = textOf(env, name);
  const number = given ?? (text === undefined ? undefined : Number(text.trim() || Number.NaN));
  if (number === undefined || number >= 0) return number;
  throw new InvalidArgumentError(
    `${what} (or ${name}) is ${given ?? `'${text}'`}: it must be a number of at least 0`,
  );
}
