/** What the address of a new sweep holds: what it is started from. */
export interface CreateSearch {
  /** The sweep whose config is copied. */
  readonly from?: string;
  /** The template by its name. */
  readonly template?: string;
}

/** Reads the start out of an address; a sweep goes before a template. */
export function parseCreateSearch(search: Record<string, unknown>): CreateSearch {
  const { from, template } = search;
  if (isText(from)) return { from };
  return isText(template) ? { template } : {};
}

// The router reads a name of digits as a number.
function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
