import fc from "fast-check";
import { expect, test } from "vitest";
import { commandOf, fileName } from "./exportLine";

test("the config is between the marks as it is, and does not contain the mark", () => {
  const texts = fc
    .array(fc.oneof(fc.constantFrom("EOF", "EOF_", "'$x`"), fc.string()))
    .map((lines) => lines.join("\n").replace(/\n$/, ""));
  fc.assert(
    fc.property(texts, (text) => {
      const [first = "", ...rest] = commandOf(`${text}\n`).split("\n");
      const mark = /^wanllmdb sweep create - <<'(\w+)'$/.exec(first)?.[1] ?? "";
      const end = rest.indexOf(mark);
      expect(rest.slice(0, end).join("\n")).toBe(text);
      expect(rest.slice(end)).toEqual([mark, ""]);
    }),
  );
});

test.each([
  ["resnet 50", "resnet-50.yaml"],
  ["../../etc/passwd", "etc-passwd.yaml"],
  ["مسح", "abcdefghijkl.yaml"],
  ["", "abcdefghijkl.yaml"],
])("the file of the sweep %j is %s", (name, file) => {
  expect(fileName(name, "abcdefghijkl", "yaml")).toBe(file);
});
