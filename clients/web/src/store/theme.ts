/** The colors that the user chose; `system` follows the operating system. */
export type Theme = "system" | "light" | "dark";

const KEY = "wanllmdb.theme";

/** Returns the stored choice. */
export function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === "light" || stored === "dark" ? stored : "system";
}

/** Applies a choice to the page and stores it. */
export function applyTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  document.documentElement.style.colorScheme = theme === "system" ? "light dark" : theme;
}
