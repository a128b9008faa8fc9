import { type ConfigEntry, type ConfigValue, SECTIONS, type Section } from "./configEntries";

/** One key of several configs. */
export interface ConfigRow {
  readonly section: Section;
  readonly subject: string;
  readonly name: string;
  /** The value in each config; undefined where it lacks the key. */
  readonly values: readonly (ConfigValue | undefined)[];
  readonly isDifferent: boolean;
}

/** Returns each key that one of the configs has, in their order, with its value in each of them. */
export function compareConfigs(configs: readonly (readonly ConfigEntry[])[]): ConfigRow[] {
  const rows = new Map<string, { entry: ConfigEntry; values: (ConfigValue | undefined)[] }>();
  for (const [index, entries] of configs.entries()) {
    for (const entry of entries) {
      const key = JSON.stringify([entry.section, entry.subject, entry.name]);
      const row = rows.get(key) ?? { entry, values: configs.map(() => undefined) };
      row.values[index] = entry.value;
      rows.set(key, row);
    }
  }
  const found = [...rows.values()].map(({ entry: { section, subject, name }, values }) => ({
    section,
    subject,
    name,
    values,
    isDifferent: new Set(values.map((value) => JSON.stringify(value))).size > 1,
  }));
  // Keys of one subject stay together, also where a later config has more of them.
  return SECTIONS.flatMap((section) => {
    const own = found.filter((row) => row.section === section);
    const subjects = [...new Set(own.map(({ subject }) => subject))];
    return subjects.flatMap((subject) => own.filter((row) => row.subject === subject));
  });
}

/** Returns the items that not every list has, where each config has a list; otherwise none. */
export function uncommonItems({ values }: Pick<ConfigRow, "values">): ReadonlySet<string> {
  const lists = values.filter((value): value is readonly string[] => Array.isArray(value));
  if (lists.length < values.length || lists.length < 2) return new Set();
  const all = new Set(lists.flat());
  return new Set([...all].filter((item) => !lists.every((list) => list.includes(item))));
}

/** Returns a value as one text. */
export function configText(value: ConfigValue | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : value.join(", ");
}
