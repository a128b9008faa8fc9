import type { ParameterForm } from "./sweepConfig";

/** A parameter with an id that it keeps while its name or its place changes. */
export interface ParameterRow {
  readonly id: string;
  readonly parameter: ParameterForm;
}

let count = 0;

/**
 * Returns rows of parameters that keep the ids of the rows before.
 *
 * A parameter is the one of the same path. Those that are left over on both sides are matched in
 * their order if there are as many of them in a group: they were renamed.
 */
export function keepIds(
  before: readonly ParameterRow[],
  parameters: readonly ParameterForm[],
): ParameterRow[] {
  const rows = new Map(before.map((row) => [keyOf(row.parameter.path), row]));
  const now = new Set(parameters.map(({ path }) => keyOf(path)));
  const gone = grouped(
    before.filter(({ parameter }) => !now.has(keyOf(parameter.path))),
    ({ parameter }) => groupOf(parameter),
  );
  const added = grouped(
    parameters.filter(({ path }) => !rows.has(keyOf(path))),
    groupOf,
  );
  // The names of renamed groups before, so that their parameters are found under the new name.
  const former = new Map<string, string>();
  return parameters.map((parameter) => {
    const key = keyOf(parameter.path);
    const known = rows.get(key);
    if (known !== undefined) return same(known, parameter);
    const group = groupOf(parameter);
    const siblings = added.get(group) ?? [];
    const candidates = gone.get(former.get(group) ?? group) ?? [];
    const index = siblings.indexOf(parameter);
    const isInner = former.has(group);
    const match = isInner
      ? candidates.find((row) => row.parameter.name === parameter.name)
      : candidates.length === siblings.length
        ? candidates[index]
        : undefined;
    if (match === undefined) {
      count += 1;
      return { id: `row-${count}`, parameter };
    }
    former.set(`${key}/parameters`, `${keyOf(match.parameter.path)}/parameters`);
    return { id: match.id, parameter };
  });
}

/** Returns the row of before if nothing in it changed, so that it is not drawn again. */
function same(row: ParameterRow, parameter: ParameterForm): ParameterRow {
  const isSame = JSON.stringify(row.parameter) === JSON.stringify(parameter);
  return isSame ? row : { id: row.id, parameter };
}

// The server accepts no slash in a name.
function keyOf(path: ParameterForm["path"]): string {
  return path.join("/");
}

function groupOf({ path }: ParameterForm): string {
  return keyOf(path.slice(0, -1));
}

function grouped<Item>(items: readonly Item[], keyOfItem: (item: Item) => string) {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOfItem(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
