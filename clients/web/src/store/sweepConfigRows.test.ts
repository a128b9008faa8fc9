import fc from "fast-check";
import { expect, test } from "vitest";
import { BLANK, readForm } from "./sweepConfig";
import { removeAt } from "./sweepConfigEdits";
import { keepIds, type ParameterRow } from "./sweepConfigRows";
import { addParameter, move, renameParameter } from "./sweepConfigSpaceEdits";

const rowsOf = (text: string, before: readonly ParameterRow[] = []) =>
  keepIds(before, readForm(text)?.parameters ?? []);
const idsOf = (rows: readonly ParameterRow[]) => rows.map(({ id }) => id);

test("a row keeps its id while it is renamed and moved", () => {
  const rows = rowsOf(BLANK);
  const renamed = renameParameter(BLANK, ["parameters", "lr"], "rate");
  const after = rowsOf(renamed, rows);
  expect(idsOf(after)).toEqual(idsOf(rows));
  const moved = rowsOf(move(renamed, ["parameters", "rate"], 1), after);
  expect(idsOf(moved)).toEqual(idsOf(rows).reverse());
});

test("the parameters of a group keep their ids when the group is renamed", () => {
  const text =
    "parameters:\n  one: {parameters: {a: {value: 1}, b: {value: 2}}}\n  a: {value: 3}\n";
  const rows = rowsOf(text);
  const after = rowsOf(renameParameter(text, ["parameters", "one"], "two"), rows);
  expect(idsOf(after)).toEqual(idsOf(rows));
});

test("rows that did not change stay the same objects", () => {
  const rows = rowsOf(BLANK);
  const more = rowsOf(addParameter(BLANK), rows);
  expect(more[0]).toBe(rows[0]);
  expect(rowsOf(removeAt(BLANK, ["parameters", "lr"]), more)[0]).toBe(more[1]);
});

test("ids are never given twice", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-d]{1,2}$/), { maxLength: 8 });
  const textOf = (list: readonly string[]) =>
    `parameters: {${list.map((name) => `${name}: {value: 1}`).join(", ")}}`;
  fc.assert(
    fc.property(names, names, (one, other) => {
      const rows = rowsOf(textOf(other), rowsOf(textOf(one)));
      expect(new Set(idsOf(rows)).size).toBe(other.length);
    }),
  );
});
