import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { isMap, isScalar, parseDocument } from "yaml";
import {
  type SearchSpace,
  SearchSpaceSchema,
} from "../../gen/wanllmdb/api/registry/v1/search_space_pb";
import type { FieldProblem } from "../../rpc/problems";

const SECTIONS = new Set(["parameters", "constraints"]);

/** Returns the part of a sweep's exported config that describes its space, as it is written. */
export function spaceYaml(exported: string): string {
  const { contents } = parseDocument(exported, { version: "1.2" });
  if (!isMap(contents)) return "";
  const starts = contents.items.map(({ key }) => (isScalar(key) ? (key.range?.[0] ?? 0) : 0));
  return contents.items
    .map(({ key }, index) =>
      isScalar(key) && SECTIONS.has(String(key.value))
        ? exported.slice(starts[index], starts[index + 1])
        : "",
    )
    .join("");
}

/** Returns a config that has this space; the lines of the text stay where they are. */
export function configOfSpace(text: string): string {
  // Any space is valid for this method.
  return `${text}\nmethod: random\n`;
}

/** Returns a space as a setting. */
export function textOfSpace(space: SearchSpace | undefined): string {
  return space === undefined ? "" : toJsonString(SearchSpaceSchema, space);
}

/** Returns the space of a setting; undefined if it is empty, because its text is no space. */
export function readSpace(text: string): SearchSpace | undefined {
  return text === "" ? undefined : fromJsonString(SearchSpaceSchema, text);
}

/** Returns the problems of a space's config, each at a line that the text has. */
export function withinText(problems: readonly FieldProblem[], text: string): FieldProblem[] {
  const last = text.replace(/\n$/, "").split("\n").length;
  return problems.map((each) =>
    each.line === undefined || each.line <= last ? each : { ...each, line: last },
  );
}
