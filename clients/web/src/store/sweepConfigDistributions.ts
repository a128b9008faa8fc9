/** The keys of each distribution, in the order of a form. */
export const DISTRIBUTIONS: Readonly<Record<string, readonly string[]>> = {
  constant: ["value"],
  categorical: ["values"],
  categorical_w_probabilities: ["values", "probabilities"],
  int_uniform: ["min", "max", "q"],
  uniform: ["min", "max", "q"],
  q_uniform: ["min", "max", "q"],
  log_uniform: ["min", "max", "q"],
  log_uniform_values: ["min", "max", "q"],
  inv_log_uniform_values: ["min", "max", "q"],
  q_log_uniform_values: ["min", "max", "q"],
  normal: ["mu", "sigma", "q"],
  q_normal: ["mu", "sigma", "q"],
  log_normal: ["mu", "sigma", "q"],
  q_log_normal: ["mu", "sigma", "q"],
  beta: ["a", "b", "q"],
  q_beta: ["a", "b", "q"],
};

/** The distributions of a form's list, by what they give. */
export const DISTRIBUTION_GROUPS: readonly (readonly [string, readonly string[]])[] = [
  ["Values", ["categorical", "categorical_w_probabilities", "constant"]],
  ["Integers", ["int_uniform"]],
  [
    "Between bounds",
    [
      ...["uniform", "log_uniform", "log_uniform_values", "inv_log_uniform_values", "q_uniform"],
      "q_log_uniform_values",
    ],
  ],
  ["Around a mean", ["normal", "q_normal", "log_normal", "q_log_normal"]],
  ["Shares", ["beta", "q_beta"]],
];

/** Every key that a distribution can have. */
export const DISTRIBUTION_KEYS: ReadonlySet<string> = new Set(Object.values(DISTRIBUTIONS).flat());

/** The keys whose values are lists. */
export const LIST_KEYS: ReadonlySet<string> = new Set(["values", "probabilities"]);

/** What a new distribution starts with where the one before has no such key. */
export const STARTS: Readonly<Record<string, string>> = {
  value: "1",
  values: "[1, 2]",
  probabilities: "[0.5, 0.5]",
  min: "1",
  max: "10",
  mu: "0.0",
  sigma: "1.0",
  a: "2.0",
  b: "2.0",
};

const HINTS: Readonly<Record<string, string>> = {
  value: "any value of YAML",
  values: "separated by commas",
  probabilities: "one for each value; the sum is 1",
  q: "the step",
  mu: "the mean",
  sigma: "the standard deviation",
};

/** Returns what a key of a distribution means; undefined for one that speaks for itself. */
export function hintOfKey(distribution: string, key: string): string | undefined {
  if (distribution.includes("log_normal") && (key === "mu" || key === "sigma")) {
    return `${HINTS[key]} of the logarithm`;
  }
  return HINTS[key];
}

/** Returns the value of a key that is left out; undefined if the key is required or has none. */
export function defaultOfKey(distribution: string, key: string): string | undefined {
  switch (key) {
    case "q":
      return distribution.startsWith("q_") || distribution === "int_uniform" ? "1" : "none";
    case "mu":
      return "0.0";
    case "sigma":
    case "a":
    case "b":
      return "1.0";
    default:
      return undefined;
  }
}
