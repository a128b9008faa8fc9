import type { MessageInitShape } from "@bufbuild/protobuf";
import { isScalar, parseDocument, visit } from "yaml";
import type {
  Template,
  TemplatePlaceholderSchema,
  TemplateSchema,
} from "../gen/wanllmdb/api/registry/v1/template_service_pb";
import { parseValue, valueText } from "./valueText";

type Values = Record<string, NonNullable<ReturnType<typeof parseValue>>>;

/** A placeholder as a form has it; an empty default or example is none. */
export interface PlaceholderDraft {
  readonly name: string;
  readonly description: string;
  readonly default: string;
  readonly example: string;
}

/** A template as the user is about to save it. */
export interface TemplateDraft {
  readonly name: string;
  readonly description: string;
  readonly configText: string;
  readonly placeholders: readonly PlaceholderDraft[];
}

/** A template to start from. */
export const NEW_TEMPLATE: TemplateDraft = {
  name: "",
  description: "",
  configText: `method: bayes
metric: {name: loss, goal: minimize}
parameters:
  lr: {distribution: log_uniform, min: 0.0001, max: 0.1}
  epochs: {value: $(epochs)}
run_cap: $(runs)
program: $(program)
`,
  placeholders: [
    { name: "epochs", description: "How many epochs a run trains.", default: "10", example: "" },
    { name: "runs", description: "How many runs at most.", default: "50", example: "" },
    { name: "program", description: "What an agent runs.", default: "train.py", example: "" },
  ],
};

const MENTION = /\$\(([^()]*)\)/g;

/** Returns the names that a config mentions as `$(name)`, each once, in the config's order. */
export function mentionsOf(configText: string): readonly string[] {
  const config = parseDocument(configText, { version: "1.2" });
  const texts: string[] = [];
  if (config.errors.length > 0) texts.push(configText);
  else {
    // Keys and values, but no comments, as the server reads them.
    visit(config, {
      Scalar: (_, node) => {
        if (isScalar(node) && typeof node.value === "string") texts.push(node.value);
      },
    });
  }
  const names = texts.flatMap((text) => [...text.matchAll(MENTION)].map((match) => match[1] ?? ""));
  return [...new Set(names)];
}

/** Returns the placeholders of a form: those that the config mentions, the described ones first. */
export function placeholdersOf(draft: TemplateDraft): readonly PlaceholderDraft[] {
  const mentioned = mentionsOf(draft.configText);
  const described = draft.placeholders.filter(({ name }) => mentioned.includes(name));
  const names = new Set(described.map(({ name }) => name));
  const others = mentioned.filter((name) => !names.has(name));
  return [
    ...described,
    ...others.map((name) => ({ name, description: "", default: "", example: "" })),
  ];
}

/** Returns the draft with other texts for a placeholder; what it says of the others is kept. */
export function withPlaceholder(draft: TemplateDraft, changed: PlaceholderDraft): TemplateDraft {
  const isKnown = draft.placeholders.some(({ name }) => name === changed.name);
  const placeholders = isKnown
    ? draft.placeholders.map((each) => (each.name === changed.name ? changed : each))
    : [...draft.placeholders, changed];
  return { ...draft, placeholders };
}

/** Returns a template as a form has it. */
export function draftOf({ name, description, configText, placeholders }: Template): TemplateDraft {
  return {
    name,
    description,
    configText,
    placeholders: placeholders.map((each) => ({
      name: each.name,
      description: each.description,
      default: each.default === undefined ? "" : valueText(each.default),
      example: each.example === undefined ? "" : valueText(each.example),
    })),
  };
}

/** What is wrong with a draft: by "name", or by the name of a placeholder. */
export interface TemplateProblems {
  readonly name?: string;
  readonly placeholders: Readonly<Record<string, string>>;
}

const NAME = /^[a-z0-9-]{1,100}$/;

/** Returns the template of a draft, or what is wrong with it. */
export function templateOf(
  draft: TemplateDraft,
): MessageInitShape<typeof TemplateSchema> | { readonly wrong: TemplateProblems } {
  const wrong: Record<string, string> = {};
  const placeholders = placeholdersOf(draft).map((each) => {
    const made: MessageInitShape<typeof TemplatePlaceholderSchema> = {
      name: each.name,
      description: each.description,
    };
    for (const part of ["default", "example"] as const) {
      if (each[part].trim() === "") continue;
      const value = parseValue(each[part]);
      if (value === undefined) wrong[each.name] = `The ${part} is no single value.`;
      else made[part] = value;
    }
    if (each.default.trim() === "" && each.example.trim() === "") {
      wrong[each.name] = "Give a default, or an example to check the config with.";
    }
    return made;
  });
  const name = NAME.test(draft.name)
    ? undefined
    : "Use lower-case letters, digits and hyphens, 100 at most.";
  if (name !== undefined || Object.keys(wrong).length > 0) {
    return { wrong: { ...(name === undefined ? {} : { name }), placeholders: wrong } };
  }
  const { description, configText } = draft;
  return { name: draft.name, description, configText, placeholders };
}

/** Returns what a draft changes of a template: the mask of UpdateTemplate. */
export function changedPaths(template: Template, draft: TemplateDraft): string[] {
  const before = draftOf(template);
  return [
    ...(draft.description === before.description ? [] : ["description"]),
    ...(draft.configText === before.configText ? [] : ["config_text"]),
    ...(isSame(placeholdersOf(draft), before.placeholders) ? [] : ["placeholders"]),
  ];
}

function isSame(one: readonly PlaceholderDraft[], other: readonly PlaceholderDraft[]): boolean {
  return JSON.stringify(one.map(parts)) === JSON.stringify(other.map(parts));
}

function parts(each: PlaceholderDraft): readonly string[] {
  return [each.name, each.description, each.default.trim(), each.example.trim()];
}

/**
 * Returns the values with which a template is rendered: the texts that the user gave, and else the
 * examples of placeholders without a default; or the placeholders whose texts are no values.
 */
export function valuesOf(
  { placeholders }: Template,
  texts: Readonly<Record<string, string>>,
): { readonly values: Values; readonly wrong: readonly string[] } {
  const values: Values = {};
  const wrong: string[] = [];
  for (const { name, default: given, example } of placeholders) {
    const text = texts[name]?.trim() ?? "";
    if (text === "") {
      if (given === undefined && example !== undefined) values[name] = example;
      continue;
    }
    const value = parseValue(text);
    if (value === undefined) wrong.push(name);
    else values[name] = value;
  }
  return { values, wrong };
}
