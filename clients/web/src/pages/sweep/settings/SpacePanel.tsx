import { useState } from "react";
import { SpaceFields } from "./SpaceFields";
import { SpaceText } from "./SpaceText";
import { useSettingsForm } from "./settingsForm";

/** The search space, which may grow: further values, wider bounds, fewer constraints. */
export function SpacePanel() {
  const form = useSettingsForm();
  const [isText, setText] = useState(false);
  // Changes of one form can't be shown in the other.
  const isOpen = !form.isSpaceEdited;
  return (
    <section className="panel" aria-labelledby="space-title">
      <h2 id="space-title">Search space</h2>
      <p className="faint">
        The space may only grow: each run that it allows now must stay possible. Further values and
        wider bounds apply to runs that are proposed from now on.
      </p>
      {form.refusal === undefined && (
        <fieldset className="choices space-modes">
          <legend className="visually-hidden">Edit the space</legend>
          {[false, true].map((toText) => (
            <label key={String(toText)}>
              <input
                type="radio"
                name="space-mode"
                checked={isText === toText}
                disabled={!isOpen && isText !== toText}
                onChange={() => setText(toText)}
              />
              {toText ? "As text: also conditions and new parameters" : "As fields"}
            </label>
          ))}
          {!isOpen && (
            <span className="hint">Save or discard your changes of the space to switch.</span>
          )}
        </fieldset>
      )}
      {isText ? <SpaceText /> : <SpaceFields />}
    </section>
  );
}
