/** A key, or two keys one after the other, and what they do. */
export interface Shortcut {
  /** The keys as they are pressed, with a space between two: "x", "g s". */
  readonly keys: string;
  /** What they do: "Go to the list of sweeps". */
  readonly label: string;
  readonly run: () => void;
}

/** What a press of a key looks like; the part of KeyboardEvent that counts. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly defaultPrevented: boolean;
}

/** How long the first of two keys waits for the second. */
const SEQUENCE_MS = 1_500;

const SETTING = "wanllmdb.shortcuts";

/** The part of localStorage that the setting needs. */
type Store = Pick<Storage, "getItem" | "setItem">;

/**
 * All shortcuts of the page. The parts of a page add theirs while they are shown; of two with the
 * same keys, the one that was added last counts.
 */
export class Shortcuts {
  #groups: (readonly Shortcut[])[] = [];
  #first: { readonly key: string; readonly time: number } | undefined;
  #isOn: boolean;
  readonly #readers = new Set<() => void>();

  constructor(
    private readonly store: Store,
    private readonly now: () => number = Date.now,
  ) {
    this.#isOn = store.getItem(SETTING) !== "off";
  }

  /** Whether the user wants shortcuts: someone who speaks to the computer triggers them by words. */
  readonly isOn = (): boolean => this.#isOn;

  setOn(isOn: boolean): void {
    this.#isOn = isOn;
    this.store.setItem(SETTING, isOn ? "on" : "off");
    for (const changed of this.#readers) changed();
  }

  readonly subscribe = (changed: () => void): (() => void) => {
    this.#readers.add(changed);
    return () => this.#readers.delete(changed);
  };

  /** Adds shortcuts until the returned function is called. */
  add(group: readonly Shortcut[]): () => void {
    this.#groups = [...this.#groups, group];
    return () => {
      this.#groups = this.#groups.filter((each) => each !== group);
    };
  }

  /** Returns the shortcuts that work now, in the order in which they were added. */
  all(): readonly Shortcut[] {
    return [...new Map(this.#groups.flat().map((each) => [each.keys, each])).values()];
  }

  /**
   * Runs the shortcut that a press of a key completes.
   *
   * @param isTyping Whether the key goes into a field, or into a dialog.
   * @returns Whether the key was used.
   */
  press(press: KeyPress, isTyping: boolean): boolean {
    const first = this.#first;
    this.#first = undefined;
    const hasModifier = press.ctrlKey || press.metaKey || press.altKey;
    if (!this.#isOn || isTyping || hasModifier || press.defaultPrevented) return false;
    const isInTime = first !== undefined && this.now() - first.time <= SEQUENCE_MS;
    const all = this.all();
    const found =
      (isInTime ? all.find(({ keys }) => keys === `${first.key} ${press.key}`) : undefined) ??
      all.find(({ keys }) => keys === press.key);
    if (found !== undefined) {
      found.run();
      return true;
    }
    if (!all.some(({ keys }) => keys.startsWith(`${press.key} `))) return false;
    this.#first = { key: press.key, time: this.now() };
    return true;
  }
}
