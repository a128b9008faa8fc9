import { clone, create } from "@bufbuild/protobuf";
import {
  CategoricalDistributionSchema,
  type Parameter,
  ParameterSchema,
  ParameterValueSchema,
  QuantizedDistributionSchema,
} from "../../gen/wanllmdb/api/registry/v1/search_space_pb";
import { parseValues, valuesText } from "../valueText";

/** What a form shows of a distribution. */
export type DistributionField =
  | "values"
  | "probabilities"
  | "scale"
  | "min"
  | "max"
  | "q"
  | "mu"
  | "sigma"
  | "a"
  | "b";

export type FieldTexts = Partial<Record<DistributionField, string>>;

type Distribution = Parameter["distribution"];
type Range = Extract<
  Distribution,
  { case: "uniform" | "logUniform" | "intUniform" | "intLogUniform" }
>;

/** Returns the fields of a distribution, in the order of a form. */
export function distributionFields(distribution: Distribution): FieldTexts {
  switch (distribution.case) {
    case "constant":
      return {
        values:
          distribution.value.value === undefined ? "" : valuesText([distribution.value.value]),
      };
    case "categorical": {
      const { values, probabilities } = distribution.value;
      return {
        values: valuesText(values),
        ...(probabilities.length > 0 && { probabilities: probabilities.join(", ") }),
      };
    }
    case "uniform":
    case "logUniform":
    case "intUniform":
    case "intLogUniform": {
      const { min, max, q } = distribution.value;
      const scale = isLog(distribution) ? "log" : "linear";
      return { scale, min: String(min), max: String(max), q: q === undefined ? "" : String(q) };
    }
    case "normal":
    case "logNormal":
      return { mu: String(distribution.value.mu), sigma: String(distribution.value.sigma) };
    case "beta":
      return { a: String(distribution.value.a), b: String(distribution.value.b) };
    case "quantized": {
      const { step } = distribution.value;
      const { q: _, ...inner } = distributionFields(distribution.value.distribution);
      return { ...inner, q: step.case === undefined ? "" : String(step.value) };
    }
    case undefined:
      return {};
  }
}

function isLog(range: Range): boolean {
  return range.case === "logUniform" || range.case === "intLogUniform";
}

/** The fields whose texts mean nothing, with what is wrong. */
export type WrongFields = Partial<Record<DistributionField, string>>;

/** Returns a parameter with the fields of a form, or what is wrong with them. */
export function withFields(
  parameter: Parameter,
  texts: FieldTexts,
): { readonly parameter: Parameter; readonly wrong: WrongFields } {
  const changed = clone(ParameterSchema, parameter);
  const read = new Reader(texts);
  changed.distribution = read.distribution(changed.distribution);
  return { parameter: changed, wrong: read.wrong };
}

class Reader {
  readonly wrong: WrongFields = {};

  constructor(readonly texts: FieldTexts) {}

  distribution(before: Distribution): Distribution {
    switch (before.case) {
      case "constant":
      case "categorical":
        return this.#choices(before);
      case "uniform":
      case "logUniform":
      case "intUniform":
      case "intLogUniform":
        return this.#range(before);
      case "normal":
      case "logNormal":
        before.value.mu = this.#number("mu");
        before.value.sigma = this.#number("sigma");
        return before;
      case "beta":
        before.value.a = this.#number("a");
        before.value.b = this.#number("b");
        return before;
      case "quantized": {
        const quantized = clone(QuantizedDistributionSchema, before.value);
        // The inner distribution has no step of its own.
        const inner = new Reader({ ...this.texts, q: "" });
        const changed = inner.distribution(quantized.distribution);
        Object.assign(this.wrong, inner.wrong);
        quantized.distribution = changed as typeof quantized.distribution;
        if (quantized.step.case === "intQ") quantized.step.value = this.#integer("q");
        else if (quantized.step.case === "q") quantized.step.value = this.#number("q");
        return { case: "quantized", value: quantized };
      }
      case undefined:
        return before;
    }
  }

  #choices(before: Extract<Distribution, { case: "constant" | "categorical" }>): Distribution {
    const read = parseValues(this.texts.values ?? "");
    if (read === undefined || read.length === 0) {
      this.wrong.values = 'Separate values by commas; write texts with signs as "a, b".';
      return before;
    }
    const values = read.map((value) => create(ParameterValueSchema, value));
    const probabilities = this.#probabilities();
    const isConstant = before.case === "constant" && values.length === 1;
    if (isConstant && before.case === "constant" && values[0] !== undefined) {
      before.value.value = values[0];
      return before;
    }
    const value = create(CategoricalDistributionSchema, { values, probabilities });
    return { case: "categorical", value };
  }

  #probabilities(): number[] {
    const text = this.texts.probabilities?.trim() ?? "";
    if (text === "") return [];
    const numbers = text.split(",").map((part) => toNumber(part));
    const known = numbers.filter((number) => number !== undefined);
    if (known.length < numbers.length) this.wrong.probabilities = "Separate numbers by commas.";
    return known;
  }

  #range(before: Range): Distribution {
    const isLogarithmic = this.texts.scale === "log";
    if (before.case === "uniform" || before.case === "logUniform") {
      const min = this.#number("min");
      const max = this.#number("max");
      const fields = { min, max, ...(this.#has("q") ? { q: this.#number("q") } : {}) };
      const kind = isLogarithmic ? "logUniform" : "uniform";
      return create(ParameterSchema, { distribution: { case: kind, value: fields } }).distribution;
    }
    const min = this.#integer("min");
    const max = this.#integer("max");
    const fields = { min, max, ...(this.#has("q") ? { q: this.#integer("q") } : {}) };
    const kind = isLogarithmic ? "intLogUniform" : "intUniform";
    return create(ParameterSchema, { distribution: { case: kind, value: fields } }).distribution;
  }

  #has(field: DistributionField): boolean {
    return (this.texts[field]?.trim() ?? "") !== "";
  }

  #number(field: DistributionField): number {
    const number = toNumber(this.texts[field] ?? "");
    if (number === undefined) this.wrong[field] = "This must be a number, for example 0.01.";
    return number ?? 0;
  }

  #integer(field: DistributionField): bigint {
    const text = this.texts[field]?.trim() ?? "";
    const integer = /^[-+]?\d{1,19}$/.test(text) ? BigInt(text.replace("+", "")) : undefined;
    if (integer !== undefined && BigInt.asIntN(64, integer) === integer) return integer;
    this.wrong[field] = "This must be a whole number, for example 64.";
    return 0n;
  }
}

/** Returns the number that a text means; undefined if it means none. */
export function toNumber(text: string): number | undefined {
  const number = Number(text);
  return text.trim() === "" || !Number.isFinite(number) ? undefined : number;
}
