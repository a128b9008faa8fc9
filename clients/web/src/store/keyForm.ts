import { type Timestamp, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { type ApiKey, Role } from "../gen/wanllmdb/api/registry/v1/key_service_pb";
import { fromLocalField } from "./times";

/** The roles that a key can have, by their names, with what they allow. */
export const ROLES = [
  { role: Role.READER, name: "reader", allows: "Reads sweeps, runs, metrics and statistics." },
  { role: Role.AGENT, name: "agent", allows: "Also takes runs, reports and finishes them." },
  {
    role: Role.EDITOR,
    name: "editor",
    allows: "Also creates, changes, pauses and deletes sweeps, and queues runs.",
  },
  { role: Role.ADMIN, name: "admin", allows: "Also creates and revokes keys." },
] as const;

/** When a key expires, as a form offers it: after some days, at a time, or never. */
export type Expiry = "30" | "90" | "365" | "at" | "never";

/** A key as the user is about to create it. */
export interface KeyForm {
  readonly name: string;
  readonly role: Role;
  readonly isForAll: boolean;
  readonly projects: readonly string[];
  readonly expiry: Expiry;
  /** The text of a field for local times; of expiry "at". */
  readonly at: string;
}

export const NEW_KEY: KeyForm = {
  name: "",
  role: Role.AGENT,
  isForAll: false,
  projects: [],
  expiry: "90",
  at: "",
};

/** What CreateKey gets, apart from the secret. */
export interface KeyRequest {
  readonly name: string;
  readonly role: Role;
  readonly projects: readonly string[];
  readonly expireTime?: Timestamp;
}

export type KeyProblems = Partial<Record<"name" | "projects" | "at", string>>;

const LONGEST_NAME = 200;
const MOST_PROJECTS = 100;
const DAY_MS = 86_400_000;

/** Returns the request for a key, or what is wrong with the form. */
export function keyRequest(form: KeyForm, now: number): KeyRequest | { wrong: KeyProblems } {
  const wrong: KeyProblems = {};
  const name = form.name.trim();
  if (name === "") wrong.name = "Write down what the key is for.";
  if ([...name].length > LONGEST_NAME) wrong.name = `At most ${LONGEST_NAME} characters.`;
  const projects = form.isForAll ? ["*"] : [...new Set(form.projects)];
  if (projects.length === 0) wrong.projects = "Choose at least one project, or all.";
  if (projects.length > MOST_PROJECTS) wrong.projects = `At most ${MOST_PROJECTS} projects.`;
  const expires = expiryMs(form, now);
  if (form.expiry === "at" && expires === undefined) wrong.at = "Choose a time.";
  if (expires !== undefined && expires <= now) wrong.at = "This time has passed.";
  if (Object.keys(wrong).length > 0) return { wrong };
  return {
    name,
    role: form.role,
    projects,
    ...(expires === undefined ? {} : { expireTime: timestampFromMs(expires) }),
  };
}

/** Returns when the key would expire; undefined for never, or for a time that is not chosen. */
export function expiryMs({ expiry, at }: KeyForm, now: number): number | undefined {
  if (expiry === "never") return undefined;
  if (expiry !== "at") return now + Number(expiry) * DAY_MS;
  const seconds = fromLocalField(at);
  return seconds === undefined ? undefined : seconds * 1000;
}

export type KeyState = "active" | "expired" | "revoked";

/** Returns whether a key still opens anything. */
export function keyState({ revokeTime, expireTime }: ApiKey, now: number): KeyState {
  if (revokeTime !== undefined) return "revoked";
  return expireTime !== undefined && timestampMs(expireTime) <= now ? "expired" : "active";
}
