/** What the address of the page of keys has. */
export interface KeysSearch {
  /** Whether keys that open nothing any more are shown. */
  readonly all?: true;
}

/** Reads the address of the page of keys. */
export function parseKeysSearch({ all }: Record<string, unknown>): KeysSearch {
  return all === true || all === "true" ? { all: true } : {};
}
