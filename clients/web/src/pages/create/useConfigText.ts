import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { readDraft, writeDraft } from "../../store/newSweepDraft";
import { BLANK, readForm } from "../../store/sweepConfig";
import type { Edit } from "./edit";

interface Config {
  readonly text: string;
  /** The text that the form shows; it follows what is typed into the text after a pause. */
  readonly formText: string;
  /** The text at the start; undefined for a draft, whose start is forgotten. */
  readonly base: string | undefined;
  readonly origin: string;
  /** How often the config was started over. */
  readonly starts: number;
}

const PAUSE_MS = 200;
// Reading a config of hundreds of parameters takes as long as some keys.
const LONG_TEXT = 10_000;
const LONG_PAUSE_MS = 700;

/** Returns the config that is edited; a draft of this tab with the same origin is continued. */
export function useConfigText(wanted: string) {
  const [draft, setDraft] = useState(() => readDraft(sessionStorage));
  const [isRestored, setRestored] = useState(() => belongsTo(draft?.origin, wanted));
  const [config, setConfig] = useState<Config>(() =>
    draft !== undefined && belongsTo(draft.origin, wanted)
      ? { text: draft.text, formText: draft.text, base: undefined, origin: draft.origin, starts: 0 }
      : { text: BLANK, formText: BLANK, base: BLANK, origin: "blank", starts: 0 },
  );
  // Edits that follow one another before the page is drawn build on each other.
  const latest = useRef(config);
  const set = useCallback((next: Config) => {
    latest.current = next;
    setConfig(next);
  }, []);
  const begin = useCallback(
    (origin: string, text: string) => {
      const { starts: before, text: left, base } = latest.current;
      const starts = before + 1;
      if (left !== base) {
        // The user was asked, and gave it up.
        writeDraft(sessionStorage, undefined);
        setDraft(undefined);
      }
      set({ text, formText: text, base: text, origin, starts });
      setRestored(false);
    },
    [set],
  );
  const edit: Edit = useCallback(
    (change) => {
      const text = change(latest.current.text);
      if (text === undefined) return false;
      set({ ...latest.current, text, formText: text });
      return true;
    },
    [set],
  );
  const type = useCallback((text: string) => set({ ...latest.current, text }), [set]);
  const { text, formText, base, origin, starts } = config;
  const isDirty = text !== base;
  useEffect(() => {
    if (text === formText) return;
    const pause = text.length > LONG_TEXT ? LONG_PAUSE_MS : PAUSE_MS;
    const timer = setTimeout(() => set({ ...latest.current, formText: text }), pause);
    return () => clearTimeout(timer);
  }, [text, formText, set]);
  useEffect(() => {
    if (!isDirty) return;
    const keep = () => writeDraft(sessionStorage, { text, origin });
    const timer = setTimeout(keep, PAUSE_MS);
    window.addEventListener("pagehide", keep);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("pagehide", keep);
    };
  }, [text, origin, isDirty]);
  const forget = useCallback(() => {
    writeDraft(sessionStorage, undefined);
    set({ ...latest.current, base: latest.current.text });
    setDraft(undefined);
    setRestored(false);
  }, [set]);
  const discard = useCallback(() => {
    const { text: current, base: from } = latest.current;
    // The store has the current config by now if that one has changes.
    if (current === from) writeDraft(sessionStorage, undefined);
    setDraft(undefined);
  }, []);
  const form = useMemo(() => readForm(formText), [formText]);
  // While the text is half typed, the form shows what it last was.
  const lastForm = useRef(form);
  if (form !== undefined) lastForm.current = form;
  /** A draft of this tab with another origin, which can be continued. */
  const otherDraft = isRestored ? undefined : draft;
  const restore = useCallback(() => {
    if (draft === undefined) return;
    const { text, origin } = draft;
    set({ text, formText: text, base: undefined, origin, starts: latest.current.starts + 1 });
    setRestored(true);
  }, [draft, set]);
  return {
    text,
    form: lastForm.current,
    isReadable: form !== undefined,
    origin,
    starts,
    isDirty,
    isRestored,
    otherDraft,
    begin,
    edit,
    type,
    forget,
    discard,
    restore,
  };
}

/** Whether an address with this start shows a config of an origin; a file has no address. */
export function belongsTo(origin: string | undefined, wanted: string): boolean {
  return origin === wanted || (origin === "file" && wanted === "blank");
}
