import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ApiKeySchema, Role } from "../gen/wanllmdb/api/registry/v1/key_service_pb";
import { type KeyForm, keyRequest, keyState, NEW_KEY, ROLES } from "./keyForm";

const NOW = Date.UTC(2026, 10, 29, 12);
const FORM: KeyForm = { ...NEW_KEY, name: " CI ", projects: ["vision"] };

function request(form: KeyForm) {
  const made = keyRequest(form, NOW);
  if ("wrong" in made) throw new Error(JSON.stringify(made.wrong));
  return made;
}

test("a form becomes a request; the roles are all that the server has", () => {
  expect(request(FORM)).toMatchObject({ name: "CI", role: Role.AGENT, projects: ["vision"] });
  expect(ROLES.map(({ role }) => role)).toEqual([1, 2, 3, 4]);
});

test.each([
  ["30", 30],
  ["90", 90],
  ["365", 365],
] as const)("a key expires after %s days", (expiry, days) => {
  const { expireTime } = request({ ...FORM, expiry });
  if (expireTime === undefined) throw new Error("it never expires");
  expect(timestampMs(expireTime) - NOW).toBe(days * 86_400_000);
});

test("a key that never expires has no time, and one for all projects has the star alone", () => {
  expect(request({ ...FORM, expiry: "never" })).not.toHaveProperty("expireTime");
  expect(request({ ...FORM, isForAll: true }).projects).toEqual(["*"]);
});

test("a time of the reader's zone is sent as that moment", () => {
  const { expireTime } = request({ ...FORM, expiry: "at", at: "2027-01-31T12:00:00" });
  expect(expireTime && timestampMs(expireTime)).toBe(new Date("2027-01-31T12:00:00").getTime());
});

test.each([
  [{ name: "  " }, ["name"]],
  [{ name: "x".repeat(201) }, ["name"]],
  [{ projects: [] }, ["projects"]],
  [{ projects: Array.from({ length: 101 }, (_, index) => `p${index}`) }, ["projects"]],
  [{ expiry: "at", at: "" }, ["at"]],
  [{ expiry: "at", at: "2020-01-01T00:00:00" }, ["at"]],
  [{ name: "", projects: [], expiry: "at" }, ["name", "projects", "at"]],
] as const)("%j is wrong at %j", (part, fields) => {
  const made = keyRequest({ ...FORM, ...part }, NOW);
  expect("wrong" in made && Object.keys(made.wrong)).toEqual(fields);
});

test("each project is in the request once", () => {
  const names = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1 });
  fc.assert(
    fc.property(names, (projects) => {
      const sent = request({ ...FORM, projects }).projects;
      expect([...sent].sort()).toEqual([...new Set(projects)].sort());
    }),
  );
});

test("a key that was revoked is that, whether it has expired too or not", () => {
  const past = timestampFromMs(NOW - 1);
  const later = timestampFromMs(NOW + 1);
  expect(keyState(create(ApiKeySchema, {}), NOW)).toBe("active");
  expect(keyState(create(ApiKeySchema, { expireTime: later }), NOW)).toBe("active");
  expect(keyState(create(ApiKeySchema, { expireTime: past }), NOW)).toBe("expired");
  expect(keyState(create(ApiKeySchema, { expireTime: past, revokeTime: past }), NOW)).toBe(
    "revoked",
  );
});
