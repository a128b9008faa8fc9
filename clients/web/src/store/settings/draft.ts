import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { isOfSpace, SPACE, settingsOf, type Texts } from "./values";

/** What a user is about to change of a sweep, beside what others changed meanwhile. */
export interface Draft {
  /** The sweep as the draft last saw it; an update is sent with its etag. */
  readonly sweep: Sweep;
  /** The settings of this sweep. */
  readonly present: Texts;
  /** The user's texts, of the settings that differ from the present ones. */
  readonly edits: Texts;
  /**
   * The settings that the user and another one changed, each with the text that the user saw
   * before; the user decides about them.
   */
  readonly conflicts: Texts;
}

/** Returns a draft that changes nothing. */
export function newDraft(sweep: Sweep): Draft {
  return { sweep, present: settingsOf(sweep), edits: {}, conflicts: {} };
}

/** Returns a setting as the draft would have it. */
export function textIn(draft: Draft, key: string): string {
  return draft.edits[key] ?? draft.present[key] ?? "";
}

/** Returns the draft with another text for a setting; the present text is no change. */
export function edit(draft: Draft, key: string, text: string): Draft {
  const { [key]: _, ...others } = draft.edits;
  if (text !== (draft.present[key] ?? "")) {
    return { ...draft, edits: { ...others, [key]: text } };
  }
  return { ...draft, edits: others, conflicts: without(draft.conflicts, key) };
}

/**
 * Returns the draft with another space, in place of all changes of its parts; an empty text is a
 * space that can't be saved.
 */
export function editSpace(draft: Draft, space: string): Draft {
  const others = (texts: Texts) =>
    Object.fromEntries(Object.entries(texts).filter(([key]) => !isOfSpace(key)));
  const rest = { ...draft, edits: others(draft.edits), conflicts: others(draft.conflicts) };
  return edit(rest, SPACE, space);
}

/** Returns the draft without a change, or without its conflict: the user has decided. */
export function decide(draft: Draft, key: string, whose: "mine" | "theirs"): Draft {
  const conflicts = without(draft.conflicts, key);
  if (whose === "mine") return { ...draft, conflicts };
  return { ...draft, edits: without(draft.edits, key), conflicts };
}

/**
 * Returns the draft on top of a later state of the sweep: the user's changes stay, every other
 * setting is the present one, and what both changed is a conflict.
 */
export function rebase(draft: Draft, sweep: Sweep): Draft {
  const present = settingsOf(sweep);
  const edits: Record<string, string> = {};
  const conflicts: Record<string, string> = {};
  for (const [key, text] of Object.entries(draft.edits)) {
    const now = present[key] ?? "";
    if (text === now) continue;
    edits[key] = text;
    const seen = draft.conflicts[key] ?? draft.present[key] ?? "";
    if (seen !== now) conflicts[key] = seen;
  }
  return { sweep, present, edits, conflicts };
}

/** Returns the draft after its changes were saved, with those that the user made since. */
export function saved(draft: Draft, sweep: Sweep, sent: Texts): Draft {
  const later = Object.entries(draft.edits).filter(([key, text]) => sent[key] !== text);
  return rebase({ ...newDraft(sweep), edits: Object.fromEntries(later) }, sweep);
}

/** Whether the sweep is a later state than the one of the draft. */
export function isLater(sweep: Sweep, draft: Draft): boolean {
  return sweep.etag !== draft.sweep.etag && sweep.revision > draft.sweep.revision;
}

function without(texts: Texts, key: string): Texts {
  const { [key]: _, ...others } = texts;
  return others;
}
