import { type ReactNode, useState } from "react";
import { applyTheme, storedTheme, type Theme } from "../store/theme";

const THEMES: readonly { theme: Theme; label: string; icon: ReactNode }[] = [
  {
    theme: "system",
    label: "Colors of the system",
    icon: <path d="M2 3h12v8H2zM5.5 13.5h5M8 11v2.5" />,
  },
  {
    theme: "light",
    label: "Light colors",
    icon: (
      <path d="M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.5m0 11V15m7-7h-1.5m-11 0H1m11.9-4.9-1 1m-7.8 7.8-1 1m9.8 0-1-1M4.1 4.1l-1-1" />
    ),
  },
  {
    theme: "dark",
    label: "Dark colors",
    icon: <path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7" />,
  },
];

/** Lets the user choose the colors. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState(storedTheme);
  return (
    <fieldset className="segments">
      <legend className="visually-hidden">Colors</legend>
      {THEMES.map(({ theme: each, label, icon }) => (
        <label key={each} title={label}>
          <input
            type="radio"
            name="theme"
            className="visually-hidden"
            checked={theme === each}
            aria-label={label}
            onChange={() => {
              applyTheme(each);
              setTheme(each);
            }}
          />
          <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" aria-hidden="true">
            <g strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round">
              {icon}
            </g>
          </svg>
        </label>
      ))}
    </fieldset>
  );
}
