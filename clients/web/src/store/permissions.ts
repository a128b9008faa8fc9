import { type GetCallerResponse, Role } from "../gen/wanllmdb/api/registry/v1/key_service_pb";

/** What a control does, by the right that its call needs. */
export type Need = "edit" | "write-templates" | "manage-keys";

const ROLES: Record<Need, Role> = {
  edit: Role.EDITOR,
  "write-templates": Role.EDITOR,
  "manage-keys": Role.ADMIN,
};

const ROLE_NAMES: Record<Role, string> = {
  [Role.UNSPECIFIED]: "no role",
  [Role.READER]: "reader",
  [Role.AGENT]: "agent",
  [Role.EDITOR]: "editor",
  [Role.ADMIN]: "admin",
};

/** Returns a role's name. */
export function roleName(role: Role): string {
  return ROLE_NAMES[role] ?? "unknown";
}

/**
 * Returns why the caller may not do something, in a sentence; undefined if the caller may.
 *
 * The server decides: this only spares users a call that would be rejected. So while the caller is
 * not known, everything is offered.
 *
 * @param project The project at which the call aims; undefined if it is not known yet.
 */
export function whyNot(
  caller: GetCallerResponse | undefined,
  need: Need,
  project?: string,
): string | undefined {
  if (caller === undefined || !caller.keysRequired) return undefined;
  const { key } = caller;
  if (key === undefined) return "This needs an API key.";
  const wanted = ROLES[need];
  if (key.role < wanted) {
    return `This needs a key with the role ${roleName(wanted)}; yours is ${roleName(key.role)}.`;
  }
  if (key.projects.includes("*")) return undefined;
  if (need === "write-templates") return "This needs a key that is valid in all projects.";
  if (project !== undefined && !key.projects.includes(project)) {
    return `Your key is not valid in the project ${project}.`;
  }
  return undefined;
}
