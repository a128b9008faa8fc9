import { useId, useState } from "react";
import type { Parameter } from "../../../gen/wanllmdb/api/registry/v1/search_space_pb";
import { type DistributionField, distributionFields } from "../../../store/settings/distribution";
import { FIELD_LABELS } from "../../../store/settings/labels";
import { constraintKey, KEPT, parameterKey } from "../../../store/settings/values";
import { valuesText } from "../../../store/valueText";
import { useCurrentSweep } from "../sweepContext";
import { Conflict, SettingField, SettingFrame } from "./SettingField";
import { useSettingsForm } from "./settingsForm";

const MANY = 12;

const KINDS: Readonly<Record<string, string>> = {
  constant: "one value",
  categorical: "one of a list",
  uniform: "number",
  logUniform: "number",
  intUniform: "whole number",
  intLogUniform: "whole number",
  normal: "number, normal",
  logNormal: "positive number, log-normal",
  beta: "number from 0 to 1, beta",
  quantized: "number in steps",
};

/** The search space, which may grow: further values, wider bounds, fewer constraints. */
export function SpaceFields() {
  const id = useId();
  const { spec } = useCurrentSweep();
  const [sought, setSought] = useState("");
  const parameters = spec?.searchSpace?.parameters ?? [];
  const constraints = spec?.searchSpace?.constraints ?? [];
  const shown = parameters.filter(({ name }) => name.toLowerCase().includes(sought.toLowerCase()));
  return (
    <>
      <p className="faint">
        The space may only grow: each run that it allows now must stay possible. Further values and
        wider bounds apply to runs that are proposed from now on.
      </p>
      {parameters.length > MANY && (
        <div className="field parameter-search">
          <label htmlFor={id}>Show parameters with</label>
          <input id={id} type="search" value={sought} onChange={(e) => setSought(e.target.value)} />
        </div>
      )}
      {shown.map((parameter) => (
        <ParameterFields key={parameter.name} parameter={parameter} />
      ))}
      {shown.length === 0 && <p className="faint">No parameter has “{sought}” in its name.</p>}
      {constraints.length > 0 && (
        <fieldset className="parameter">
          <legend>Constraints</legend>
          {constraints.map((constraint) => (
            <Constraint key={constraint} constraint={constraint} />
          ))}
        </fieldset>
      )}
    </>
  );
}

function ParameterFields({ parameter }: { parameter: Parameter }) {
  const { name, distribution, conditions } = parameter;
  const fields = Object.keys(distributionFields(distribution)) as DistributionField[];
  return (
    <fieldset className="parameter">
      <legend>
        <code dir="auto">{name}</code>{" "}
        <span className="faint">{KINDS[distribution.case ?? ""] ?? ""}</span>
      </legend>
      {conditions.length > 0 && (
        <p className="faint condition-text">
          Only when{" "}
          {conditions
            .map(
              (each) => `${each.parameter} is ${valuesText(each.values).replaceAll(", ", " or ")}`,
            )
            .join(" and ")}
          .
        </p>
      )}
      <div className={fields[0] === "values" ? "fields wide" : "fields"}>
        {fields.map((field) => (
          <DistributionInput key={field} field={field} parameter={name} />
        ))}
      </div>
    </fieldset>
  );
}

function DistributionInput({ field, parameter }: { field: DistributionField; parameter: string }) {
  const settingKey = parameterKey(field, parameter);
  const label = (
    <>
      {FIELD_LABELS[field]}
      <span className="visually-hidden"> of {parameter}</span>
    </>
  );
  if (field === "scale") {
    return (
      <SettingFrame settingKey={settingKey} label={label}>
        {(id, describedBy, form) => (
          <select
            id={id}
            value={form.text(settingKey)}
            disabled={form.refusal !== undefined}
            aria-describedby={describedBy}
            onChange={(event) => form.set(settingKey, event.target.value)}
          >
            <option value="linear">linear</option>
            <option value="log">logarithmic</option>
          </select>
        )}
      </SettingFrame>
    );
  }
  const isList = field === "values" || field === "probabilities";
  return (
    <SettingField
      settingKey={settingKey}
      label={label}
      {...(isList ? {} : { inputMode: "decimal" as const })}
      placeholder={field === "q" ? "none" : ""}
      hint={field === "values" ? "Add further values, separated by commas." : undefined}
    />
  );
}

function Constraint({ constraint }: { constraint: string }) {
  const form = useSettingsForm();
  const key = constraintKey(constraint);
  return (
    <div className="constraint">
      <label>
        <input
          type="checkbox"
          checked={form.text(key) === KEPT}
          aria-disabled={form.refusal !== undefined}
          onChange={(event) => {
            if (form.refusal === undefined) form.set(key, event.target.checked ? KEPT : "");
          }}
        />{" "}
        <code dir="auto">{constraint}</code>
      </label>
      {form.isEdited(key) && <span className="edited-mark"> dropped</span>}
      <Conflict settingKey={key} />
    </div>
  );
}
