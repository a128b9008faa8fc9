import { useState } from "react";
import { applyTheme, storedTheme, type Theme } from "../store/theme";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

/** Lets the user choose the colours. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState(storedTheme);
  return (
    <label>
      <span className="visually-hidden">Colours</span>
      <select
        value={theme}
        onChange={(event) => {
          const chosen = THEMES.find((name) => name === event.target.value) ?? "system";
          applyTheme(chosen);
          setTheme(chosen);
        }}
      >
        {THEMES.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}
