import { useSyncExternalStore } from "react";

function subscribe(changed: () => void): () => void {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(changed);
  chosen.observe(document.documentElement, { attributeFilter: ["style"] });
  dark.addEventListener("change", changed);
  return () => {
    chosen.disconnect();
    dark.removeEventListener("change", changed);
  };
}

function current(): string {
  const isDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  return `${document.documentElement.style.colorScheme} ${isDark}`;
}

/** Returns a text that changes with the page's colors, so that canvases are drawn again. */
export function useColors(): string {
  return useSyncExternalStore(subscribe, current);
}
