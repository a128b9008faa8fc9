import { type DistributionShape, shapeOfChoices, shapeOfNumbers } from "../plots/distributionShape";
import type { ParameterForm } from "./sweepConfig";
import { listItems } from "./sweepConfigText";

const NUMBER = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?$/i;
const INTEGER = /^[-+]?\d+$/;

/** Returns what the plot of a parameter draws; undefined if its values make no distribution. */
export function shapeOf({ distribution, fields }: ParameterForm): DistributionShape | undefined {
  if (distribution === "" || distribution === "group") return undefined;
  if (distribution === "constant") return shapeOfChoices([fields.value ?? ""], undefined);
  if (distribution.startsWith("categorical")) {
    const texts = listItems(fields.values ?? "");
    const shares = fields.probabilities === undefined ? undefined : listItems(fields.probabilities);
    if (texts === undefined) return undefined;
    return shapeOfChoices(texts, shares?.map(Number));
  }
  const numbers: Record<string, number> = {};
  let areIntegers = true;
  for (const [key, text] of Object.entries(fields)) {
    const plain = text.replaceAll("_", "");
    if (!NUMBER.test(plain)) return undefined;
    numbers[key] = Number(plain);
    if (!INTEGER.test(plain)) areIntegers = false;
  }
  return shapeOfNumbers(distribution, numbers, areIntegers);
}

/** Returns a parameter's distribution in a few words, with its numbers as they are written. */
export function summaryOf({ distribution, fields }: ParameterForm): string {
  const { min = "?", max = "?", q } = fields;
  const step = q === undefined ? "" : ` in steps of ${q}`;
  const name = distribution.replaceAll("_", " ");
  switch (distribution) {
    case "":
      return "written in a way that only the text shows";
    case "group":
      return "group";
    case "constant":
      return `always ${fields.value ?? "?"}`;
    case "categorical":
      return `one of ${fields.values ?? "?"}`;
    case "categorical_w_probabilities":
      return `one of ${fields.values ?? "?"} with probabilities ${fields.probabilities ?? "?"}`;
    case "int_uniform":
      return `integer from ${min} to ${max}${step}`;
    case "beta":
    case "q_beta":
      return `${name} with a ${fields.a ?? "1"} and b ${fields.b ?? "1"}${step}`;
    default:
      return distribution.includes("normal")
        ? `${name} with mu ${fields.mu ?? "0"} and sigma ${fields.sigma ?? "1"}${step}`
        : `${name} from ${min} to ${max}${step}`;
  }
}
