import { useEffect, useRef } from "react";

interface Props<T extends string> {
  readonly label: string;
  readonly choices: readonly T[];
  readonly chosen: readonly T[];
  /** What is shown while nothing is chosen. */
  readonly none: string;
  readonly onChange: (chosen: readonly T[]) => void;
}

/** A field that opens a list of check boxes; it keeps their order. */
export function ChoiceMenu<T extends string>({ label, choices, chosen, none, onChange }: Props<T>) {
  const place = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const leave = (event: Event) => {
      const menu = place.current;
      if (menu?.open && event.target instanceof Node && !menu.contains(event.target)) {
        menu.open = false;
      }
    };
    document.addEventListener("pointerdown", leave);
    document.addEventListener("focusin", leave);
    return () => {
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("focusin", leave);
    };
  }, []);
  return (
    <div className="field">
      <span className="field-label" aria-hidden="true">
        {label}
      </span>
      <details
        ref={place}
        className="choice-menu"
        onKeyDown={(event) => {
          if (event.key !== "Escape" || place.current === null) return;
          place.current.open = false;
          place.current.querySelector("summary")?.focus();
        }}
      >
        <summary aria-label={`${label}: ${chosen.join(", ") || none}`}>
          {chosen.join(", ") || none}
        </summary>
        <fieldset>
          <legend className="visually-hidden">{label}</legend>
          {choices.map((choice) => (
            <label key={choice} className="check">
              <input
                type="checkbox"
                checked={chosen.includes(choice)}
                onChange={(event) =>
                  onChange(
                    choices.filter((each) =>
                      each === choice ? event.target.checked : chosen.includes(each),
                    ),
                  )
                }
              />
              {choice}
            </label>
          ))}
        </fieldset>
      </details>
    </div>
  );
}
