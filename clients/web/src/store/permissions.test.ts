import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { GetCallerResponseSchema, Role } from "../gen/wanllmdb/api/registry/v1/key_service_pb";
import { whyNot } from "./permissions";

function caller(role: Role, projects: string[]) {
  return create(GetCallerResponseSchema, { keysRequired: true, key: { role, projects } });
}

test("a server without keys allows everything, and so does one that has not answered yet", () => {
  const open = create(GetCallerResponseSchema, { keysRequired: false });
  for (const need of ["edit", "write-templates", "manage-keys"] as const) {
    expect(whyNot(open, need, "vision")).toBeUndefined();
    expect(whyNot(undefined, need, "vision")).toBeUndefined();
  }
});

test.each([
  [Role.READER, false, false],
  [Role.AGENT, false, false],
  [Role.EDITOR, true, false],
  [Role.ADMIN, true, true],
])("role %s edits: %s, manages keys: %s", (role, edits, manages) => {
  expect(whyNot(caller(role, ["*"]), "edit", "vision") === undefined).toBe(edits);
  expect(whyNot(caller(role, ["*"]), "write-templates") === undefined).toBe(edits);
  expect(whyNot(caller(role, ["*"]), "manage-keys") === undefined).toBe(manages);
});

test("a key of some projects edits in these alone, and writes no templates", () => {
  const editor = caller(Role.EDITOR, ["vision"]);
  expect(whyNot(editor, "edit", "vision")).toBeUndefined();
  expect(whyNot(editor, "edit", "speech")).toContain("speech");
  expect(whyNot(editor, "write-templates")).toContain("all projects");
});

test("the reason names the role that is missing and the one that is there", () => {
  expect(whyNot(caller(Role.READER, ["*"]), "edit")).toBe(
    "This needs a key with the role editor; yours is reader.",
  );
});
