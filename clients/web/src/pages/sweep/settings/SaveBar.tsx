import { settingLabel, settingText } from "../../../store/settings/labels";
import { ActionButton } from "../../../ui/ActionButton";
import type { Changed, useSettings } from "./useSettings";
import "../../../ui/saveBar.css";

/** Saves the changes, and says what stands against it. */
export function SaveBar({ settings }: { settings: ReturnType<typeof useSettings> }) {
  const { edits, conflicts, wrong, isSaving, warnings, meanwhile, form } = settings;
  const isShown = edits.length > 0 || meanwhile !== undefined || warnings !== undefined;
  return (
    <div className={isShown ? "save-bar shown" : "save-bar"}>
      {meanwhile !== undefined && (
        <Meanwhile changed={meanwhile} hasConflicts={conflicts.length > 0} />
      )}
      {edits.length === 0 && warnings !== undefined && (
        <ul className="warnings">
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <div className="actions">
        <ActionButton
          type="submit"
          className="primary"
          refusal={form.refusal}
          isBusy={edits.length === 0 || conflicts.length > 0 || wrong.length > 0 || isSaving}
        >
          {isSaving ? "Saving …" : "Save"}
        </ActionButton>
        <button type="button" disabled={edits.length === 0 || isSaving} onClick={settings.discard}>
          Discard
        </button>
        <span role="status">{statusOf(settings)}</span>
      </div>
    </div>
  );
}

function statusOf({ edits, conflicts, wrong, warnings }: ReturnType<typeof useSettings>): string {
  if (conflicts.length > 0) {
    return `Decide first about: ${conflicts.map(settingLabel).join(", ")}.`;
  }
  if (wrong.length > 0) return `Correct first: ${wrong.map(settingLabel).join(", ")}.`;
  if (edits.length > 0) return `Changed: ${edits.map(settingLabel).join(", ")}.`;
  return warnings === undefined ? "" : "✓ Saved.";
}

function Meanwhile({
  changed,
  hasConflicts,
}: {
  changed: readonly Changed[];
  hasConflicts: boolean;
}) {
  return (
    <div className="meanwhile" role="alert">
      <p>
        <strong>Another user changed the sweep meanwhile; nothing was saved.</strong>{" "}
        {hasConflicts
          ? "Decide at the marked fields, then save again."
          : "Nothing of it concerns your changes: save again."}
      </p>
      {changed.length > 0 && (
        <ul>
          {changed.map(({ key, before, now }) => (
            <li key={key}>
              {settingLabel(key)}: <bdi>{settingText(key, before)}</bdi> →{" "}
              <bdi>{settingText(key, now)}</bdi>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
