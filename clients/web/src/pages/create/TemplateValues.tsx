import { useState } from "react";
import type { Template } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import type { ParameterKind } from "../../store/parameterText";
import { exampleOf, needsValues, valuesOf } from "../../store/templateValues";

interface Props {
  readonly template: Template;
  readonly isBusy: boolean;
  readonly onUse: (values: Record<string, { kind: ParameterKind }>) => void;
}

/** Asks for the values of a template's placeholders. */
export function TemplateValues({ template, isBusy, onUse }: Props) {
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [isAsked, setAsked] = useState(false);
  const { values, problems } = valuesOf(template, typed);
  const isRequired = needsValues(template);
  return (
    <details className="template-values" open={isRequired}>
      <summary>
        Values of the template {template.name}
        {isRequired && " (some are required)"}
      </summary>
      {template.description !== "" && <p className="hint">{template.description}</p>}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(true);
          if (Object.keys(problems).length === 0) onUse(values);
        }}
      >
        <div className="fields">
          {template.placeholders.map((placeholder) => {
            const { name, description } = placeholder;
            const problem = isAsked ? problems[name] : undefined;
            return (
              <div className="field code-field" key={name}>
                <label htmlFor={`value-${name}`}>
                  {name}
                  {placeholder.default === undefined && " (required)"}
                </label>
                <input
                  id={`value-${name}`}
                  value={typed[name] ?? ""}
                  placeholder={exampleOf(placeholder)}
                  aria-invalid={problem !== undefined}
                  aria-describedby={`value-${name}-said`}
                  onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
                />
                <span
                  id={`value-${name}-said`}
                  className={problem === undefined ? "hint" : "hint at-fault"}
                >
                  {problem === undefined ? description : `✗ ${problem}`}
                </span>
              </div>
            );
          })}
        </div>
        <button type="submit" disabled={isBusy}>
          Use these values
        </button>
      </form>
    </details>
  );
}
