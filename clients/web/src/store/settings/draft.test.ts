import { clone } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Sweep, SweepSchema } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import {
  type Draft,
  decide,
  edit,
  editSpace,
  isLater,
  newDraft,
  rebase,
  saved,
  textIn,
} from "./draft";
import { sweeps } from "./testing";
import { isOfSpace, SPACE, settingsOf, type Texts } from "./values";

/** A draft with some settings of another sweep, and the sweep as a third party left it. */
const cases = fc
  .tuple(sweeps, sweeps, sweeps, fc.infiniteStream(fc.boolean()))
  .map(([before, mine, theirs, isTaken]) => {
    let draft = newDraft(before);
    for (const [key, text] of Object.entries(settingsOf(mine))) {
      if (isTaken.next().value) draft = edit(draft, key, text);
    }
    return { draft, theirs };
  });

function at(texts: Texts, key: string): string {
  return texts[key] ?? "";
}

test("after a merge, each setting is the user's if the user changed it, and else the present", () => {
  fc.assert(
    fc.property(cases, ({ draft, theirs }) => {
      const merged = rebase(draft, theirs);
      for (const [key, now] of Object.entries(settingsOf(theirs))) {
        expect(textIn(merged, key)).toBe(draft.edits[key] ?? now);
      }
      for (const [key, text] of Object.entries(draft.edits)) expect(textIn(merged, key)).toBe(text);
    }),
  );
});

test("a conflict is what both changed, differently", () => {
  fc.assert(
    fc.property(cases, ({ draft, theirs }) => {
      const merged = rebase(draft, theirs);
      const now = settingsOf(theirs);
      const both = Object.keys(draft.edits).filter(
        (key) => at(now, key) !== at(draft.present, key) && at(now, key) !== draft.edits[key],
      );
      expect(Object.keys(merged.conflicts).sort()).toEqual(both.sort());
      for (const key of both) expect(merged.conflicts[key]).toBe(at(draft.present, key));
    }),
  );
});

test("a state that is seen twice changes nothing, and one that is undone leaves no conflict", () => {
  fc.assert(
    fc.property(cases, ({ draft, theirs }) => {
      const merged = rebase(draft, theirs);
      expect(rebase(merged, theirs)).toEqual(merged);
      const undone = rebase(merged, draft.sweep);
      expect(undone.conflicts).toEqual({});
      // What both had changed alike is no change any more, and stays none.
      for (const key of Object.keys(undone.edits)) expect(undone.edits[key]).toBe(draft.edits[key]);
    }),
  );
});

test("a decision ends a conflict: mine is sent, theirs is no change", () => {
  fc.assert(
    fc.property(cases, fc.boolean(), ({ draft, theirs }, isMine) => {
      let merged: Draft = rebase(draft, theirs);
      for (const key of Object.keys(merged.conflicts)) {
        merged = decide(merged, key, isMine ? "mine" : "theirs");
        expect(key in merged.edits).toBe(isMine);
      }
      expect(merged.conflicts).toEqual({});
      // A decision stays one when the same state arrives again, unless it changes once more.
      expect(rebase(merged, theirs)).toEqual(merged);
    }),
  );
});

test("a space as a text takes the place of changes of its parts, and of no others", () => {
  fc.assert(
    fc.property(cases, ({ draft }) => {
      const changed = editSpace(draft, "{}");
      expect(textIn(changed, SPACE)).toBe("{}");
      const kept = Object.keys(draft.edits).filter((key) => key !== SPACE && !isOfSpace(key));
      expect(Object.keys(changed.edits).sort()).toEqual([...kept, SPACE].sort());
    }),
  );
});

test("after saving, what the user changed meanwhile is still to be saved", () => {
  fc.assert(
    fc.property(cases, ({ draft, theirs }) => {
      const sent = draft.edits;
      const later = edit(draft, "description", "typed during the call");
      const after = saved(later, theirs, sent);
      expect(Object.keys(after.edits)).toEqual(
        settingsOf(theirs).description === "typed during the call" ? [] : ["description"],
      );
    }),
  );
});

function withRevision(sweep: Sweep, revision: bigint, etag: string): Sweep {
  return Object.assign(clone(SweepSchema, sweep), { revision, etag });
}

test("a change of runs alone, or a message that arrives late, is no later state", () => {
  const [sweep] = fc.sample(sweeps, 1);
  if (sweep === undefined) throw new Error("no sweep");
  const draft = newDraft(withRevision(sweep, 5n, "b"));
  expect(isLater(withRevision(sweep, 6n, "b"), draft)).toBe(false);
  expect(isLater(withRevision(sweep, 4n, "a"), draft)).toBe(false);
  expect(isLater(withRevision(sweep, 6n, "c"), draft)).toBe(true);
});
