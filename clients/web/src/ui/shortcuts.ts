import { useEffect, useRef } from "react";
import { type Shortcut, Shortcuts } from "../store/shortcuts";

/** The shortcuts of this page. */
export const SHORTCUTS = new Shortcuts(window.localStorage);

const FIELDS = "input, select, textarea, [contenteditable]:not([contenteditable='false'])";
const CHOICES = "input[type='checkbox'], input[type='radio']";

function isTyping({ target }: KeyboardEvent): boolean {
  if (document.querySelector("dialog[open]") !== null) return true;
  return target instanceof Element && target.closest(FIELDS) !== null && !target.matches(CHOICES);
}

/** Listens to the keys of the page until the returned function is called. */
export function listenToKeys(): () => void {
  const press = (event: KeyboardEvent) => {
    if (SHORTCUTS.press(event, isTyping(event))) event.preventDefault();
  };
  window.addEventListener("keydown", press);
  return () => window.removeEventListener("keydown", press);
}

/** Adds shortcuts while the component is shown. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  const names = JSON.stringify(shortcuts.map(({ keys, label }) => [keys, label]));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the names stand for the shortcuts
  useEffect(
    () =>
      SHORTCUTS.add(
        latest.current.map(({ keys, label }, index) => ({
          keys,
          label,
          run: () => latest.current[index]?.run(),
        })),
      ),
    [names],
  );
}

/** Puts the cursor into the field of the page that searches, or else opens its filter. */
export function focusSearch(): void {
  const fields = document.querySelectorAll<HTMLInputElement>("main input[type='search']");
  const field = Array.from(fields).find((each) => each.checkVisibility());
  if (field !== undefined) {
    field.focus();
    field.select();
    return;
  }
  const opener = document.querySelector<HTMLElement>("main [role='search'] button");
  opener?.focus();
  opener?.click();
}
