import { useId } from "react";
import type {
  Algorithm,
  AlgorithmOption,
} from "../../../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb";
import {
  HYPERBAND,
  HYPERBAND_OPTIONS,
  readRule,
  ruleText,
} from "../../../store/settings/algorithm";
import { valueText } from "../../../store/valueText";
import { SettingFrame } from "./SettingField";
import { useSettingsForm } from "./settingsForm";

interface Props {
  readonly settingKey: "stopping" | "terminator";
  readonly label: string;
  readonly hint: string;
  readonly algorithms: readonly Algorithm[];
}

/** A rule by name with its options; an option that is empty has its default. */
export function RuleField({ settingKey, label, hint, algorithms }: Props) {
  const form = useSettingsForm();
  const { name, options } = readRule(form.text(settingKey));
  const known = algorithms.find((each) => each.name === name);
  const names = algorithms.filter(({ isInstalled }) => isInstalled).map((each) => each.name);
  const first = settingKey === "stopping" ? ["", HYPERBAND] : [""];
  const choices = [...new Set([...first, ...names, name])];
  const optionNames = [
    ...new Set([...(name === HYPERBAND ? HYPERBAND_OPTIONS : []), ...optionsOf(known)]),
  ];
  const present = readRule(form.present(settingKey));
  const setOption = (option: string, text: string) =>
    form.set(settingKey, ruleText({ name, options: { ...options, [option]: text } }));
  return (
    <>
      <SettingFrame settingKey={settingKey} label={label} hint={known?.description ?? hint}>
        {(id, describedBy) => (
          <select
            id={id}
            value={name}
            disabled={form.refusal !== undefined}
            aria-invalid={form.problem(settingKey) !== undefined}
            aria-describedby={describedBy}
            onChange={({ target }) => {
              // The rule that the sweep has keeps its options.
              const chosen = target.value === present.name ? present.options : {};
              form.set(settingKey, ruleText({ name: target.value, options: chosen }));
            }}
          >
            {choices.map((each) => (
              <option key={each} value={each}>
                {each === "" ? "none" : titleOf(each, algorithms)}
              </option>
            ))}
          </select>
        )}
      </SettingFrame>
      {optionNames.length > 0 && (
        <fieldset className="rule-options">
          <legend className="visually-hidden">Options of {name}</legend>
          {optionNames.map((option) => (
            <OptionField
              key={`${name} ${option}`}
              option={option}
              text={options[option] ?? ""}
              described={known?.options.find((each) => each.name === option)}
              isReadOnly={form.refusal !== undefined}
              onChange={(text) => setOption(option, text)}
            />
          ))}
        </fieldset>
      )}
    </>
  );
}

function optionsOf(algorithm: Algorithm | undefined): string[] {
  return algorithm?.options.map(({ name }) => name) ?? [];
}

function titleOf(name: string, algorithms: readonly Algorithm[]): string {
  if (name === HYPERBAND) return "Hyperband of W&B";
  return algorithms.find((each) => each.name === name)?.title || name;
}

interface OptionProps {
  readonly option: string;
  readonly text: string;
  readonly described: AlgorithmOption | undefined;
  readonly isReadOnly: boolean;
  readonly onChange: (text: string) => void;
}

function OptionField({ option, text, described, isReadOnly, onChange }: OptionProps) {
  const id = useId();
  const given = described?.default;
  return (
    <div className="field">
      <label htmlFor={id}>{option}</label>
      <input
        id={id}
        value={text}
        readOnly={isReadOnly}
        autoComplete="off"
        placeholder={given === undefined ? "not set" : `default ${valueText(given)}`}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      />
      <span id={`${id}-hint`} className="hint">
        {described?.description}
      </span>
    </div>
  );
}
