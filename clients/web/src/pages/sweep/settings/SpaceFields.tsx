import { memo, useId, useMemo, useState } from "react";
import type { Parameter } from "../../../gen/wanllmdb/api/registry/v1/search_space_pb";
import { type DistributionField, distributionFields } from "../../../store/settings/distribution";
import { FIELD_LABELS } from "../../../store/settings/labels";
import { constraintKey, KEPT, parameterKey } from "../../../store/settings/values";
import { valuesText } from "../../../store/valueText";
import { Conflict, SettingField, SettingFrame } from "./SettingField";
import { type SettingsForm, SettingsFormContext, useSettingsForm } from "./settingsForm";

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

/** The parameters of the space, each with the fields of its distribution, and the constraints. */
export function SpaceFields() {
  const id = useId();
  const form = useSettingsForm();
  const { space } = form;
  const [sought, setSought] = useState("");
  const parameters = useMemo(() => (space?.parameters ?? []).map(withFields), [space]);
  const constraints = space?.constraints ?? [];
  const shown = parameters.filter(({ name }) => name.toLowerCase().includes(sought.toLowerCase()));
  return (
    <>
      {parameters.length > MANY && (
        <div className="field parameter-search">
          <label htmlFor={id}>Show parameters with</label>
          <input id={id} type="search" value={sought} onChange={(e) => setSought(e.target.value)} />
        </div>
      )}
      {shown.map((parameter) => (
        <ParameterFields
          key={parameter.name}
          parameter={parameter}
          form={form}
          seen={seenOf(form, parameter)}
        />
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

interface Fields extends Pick<Parameter, "name" | "conditions"> {
  readonly kind: string;
  readonly fields: readonly DistributionField[];
}

function withFields({ name, conditions, distribution }: Parameter): Fields {
  const fields = Object.keys(distributionFields(distribution)) as DistributionField[];
  return { name, conditions, kind: KINDS[distribution.case ?? ""] ?? "", fields };
}

/** Returns all that the fields of a parameter show of the form, as one text. */
function seenOf(form: SettingsForm, { name, fields }: Fields): string {
  const shown = fields.map((field) => {
    const key = parameterKey(field, name);
    return [form.text(key), form.present(key), form.problem(key), form.conflict(key)];
  });
  return JSON.stringify([shown, form.refusal]);
}

interface ParameterProps {
  readonly parameter: Fields;
  readonly form: SettingsForm;
  readonly seen: string;
}

/** Drawn again only if what it shows has changed: a sweep can have hundreds of parameters. */
const ParameterFields = memo(DrawnParameter, (one, other) => {
  return one.parameter === other.parameter && one.seen === other.seen;
});

function DrawnParameter({ parameter, form }: ParameterProps) {
  const { name, conditions, kind, fields } = parameter;
  return (
    // Without a context of their own, the fields would follow each change of the form.
    <SettingsFormContext value={form}>
      <fieldset className="parameter">
        <legend>
          <code dir="auto">{name}</code> <span className="faint">{kind}</span>
        </legend>
        {conditions.length > 0 && (
          <p className="faint condition-text">
            Only when{" "}
            {conditions
              .map(
                (each) =>
                  `${each.parameter} is ${valuesText(each.values).replaceAll(", ", " or ")}`,
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
    </SettingsFormContext>
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
