const KEY = "wanllmdb.new-sweep";

/** A config that was not created yet, and what it was started from. */
export interface NewSweepDraft {
  readonly text: string;
  /** `blank`, `template NAME`, `sweep ID` or `file`. */
  readonly origin: string;
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Returns the config that this tab kept, if it has one. */
export function readDraft(store: Store): NewSweepDraft | undefined {
  try {
    const kept: unknown = JSON.parse(store.getItem(KEY) ?? "null");
    if (typeof kept !== "object" || kept === null) return undefined;
    const { text, origin } = kept as Record<string, unknown>;
    return typeof text === "string" && typeof origin === "string" ? { text, origin } : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a config through a reload of this tab; undefined forgets it. */
export function writeDraft(store: Store, draft: NewSweepDraft | undefined): void {
  try {
    if (draft === undefined) store.removeItem(KEY);
    else store.setItem(KEY, JSON.stringify(draft));
  } catch {
    // A full or forbidden store keeps nothing; the page works all the same.
  }
}
