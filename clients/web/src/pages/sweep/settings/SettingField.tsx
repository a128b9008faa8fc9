import { type ReactNode, useId } from "react";
import { settingText } from "../../../store/settings/labels";
import { type SettingsForm, useSettingsForm } from "./settingsForm";

interface FrameProps {
  readonly settingKey: string;
  readonly label: ReactNode;
  readonly hint?: string | undefined;
  /** Draws the control, which has this id and is described by that one. */
  readonly children: (id: string, describedBy: string, form: SettingsForm) => ReactNode;
}

/** A setting with its label, what is wrong with it, and what another user made of it meanwhile. */
export function SettingFrame({ settingKey, label, hint, children }: FrameProps) {
  const id = useId();
  const form = useSettingsForm();
  const problem = form.problem(settingKey);
  return (
    <div className={form.isEdited(settingKey) ? "field setting edited" : "field setting"}>
      <span className="setting-label">
        <label htmlFor={id}>{label}</label>
        {form.isEdited(settingKey) && <span className="edited-mark">changed</span>}
      </span>
      {children(id, `${id}-said`, form)}
      <span id={`${id}-said`} className={problem === undefined ? "hint" : "hint at-fault"}>
        {problem === undefined ? hint : `✗ ${problem}`}
      </span>
      <Conflict settingKey={settingKey} />
    </div>
  );
}

interface FieldProps extends Omit<FrameProps, "children"> {
  readonly placeholder?: string;
  readonly inputMode?: "numeric" | "decimal";
  readonly isLong?: boolean;
}

/** A setting that is a text or a number. */
export function SettingField({ placeholder, inputMode, isLong, ...frame }: FieldProps) {
  const { settingKey } = frame;
  return (
    <SettingFrame {...frame}>
      {(id, describedBy, form) => {
        const shared = {
          id,
          value: form.text(settingKey),
          placeholder,
          readOnly: form.refusal !== undefined,
          autoComplete: "off",
          "aria-invalid": form.problem(settingKey) !== undefined,
          "aria-describedby": describedBy,
        };
        return isLong === true ? (
          <textarea
            {...shared}
            rows={Math.min(Math.max(shared.value.split("\n").length + 1, 3), 12)}
            onChange={(event) => form.set(settingKey, event.target.value)}
          />
        ) : (
          <input
            {...shared}
            inputMode={inputMode}
            onChange={(event) => form.set(settingKey, event.target.value)}
          />
        );
      }}
    </SettingFrame>
  );
}

/** Lets the user decide between two changes of a setting. */
export function Conflict({ settingKey }: { settingKey: string }) {
  const form = useSettingsForm();
  const before = form.conflict(settingKey);
  if (before === undefined) return null;
  const shown = (text: string) => settingText(settingKey, text);
  return (
    <div className="conflict" role="alert">
      <p>Another user changed this meanwhile.</p>
      <dl>
        <dt>Before</dt>
        <dd dir="auto">{shown(before)}</dd>
        <dt>Theirs</dt>
        <dd dir="auto">{shown(form.present(settingKey))}</dd>
        <dt>Yours</dt>
        <dd dir="auto">{shown(form.text(settingKey))}</dd>
      </dl>
      <div className="actions">
        <button type="button" onClick={() => form.decide(settingKey, "mine")}>
          Keep yours
        </button>
        <button type="button" onClick={() => form.decide(settingKey, "theirs")}>
          Take theirs
        </button>
      </div>
    </div>
  );
}
