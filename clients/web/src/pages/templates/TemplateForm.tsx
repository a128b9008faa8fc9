import { type ReactNode, useId } from "react";
import type { FieldProblem } from "../../rpc/problems";
import {
  type PlaceholderDraft,
  placeholdersOf,
  type TemplateDraft,
  type TemplateProblems,
  withPlaceholder,
} from "../../store/templateDraft";
import { YamlEditor } from "../create/YamlEditor";

interface Props {
  readonly draft: TemplateDraft;
  /** Whether the name is still to be chosen. */
  readonly isNew: boolean;
  readonly wrong: TemplateProblems;
  /** What the server rejected. */
  readonly problems: readonly FieldProblem[];
  readonly onChange: (draft: TemplateDraft) => void;
}

/** A template as text, with a row for each placeholder that the text mentions. */
export function TemplateForm({ draft, isNew, wrong, problems, onChange }: Props) {
  const rows = placeholdersOf(draft);
  const at = (field: string) => problems.find((each) => each.field === field)?.description;
  const inText = problems.filter(({ field }) => !field.startsWith("template."));
  return (
    <>
      <section className="panel template-head" aria-labelledby="template-title">
        <h2 id="template-title">General</h2>
        {isNew && (
          <Field
            label="Name"
            value={draft.name}
            problem={wrong.name ?? at("template.name")}
            hint="Lower-case letters, digits and hyphens. It can't change later."
            onChange={(name) => onChange({ ...draft, name })}
          />
        )}
        <Field
          label="Description"
          value={draft.description}
          problem={at("template.description")}
          isLong
          onChange={(description) => onChange({ ...draft, description })}
        />
      </section>
      <div className="side-by-side">
        <section className="panel" aria-labelledby="template-text">
          <h2 id="template-text">Text</h2>
          <p className="faint">
            Write <code>$(name)</code> where a value is filled in.
          </p>
          <YamlEditor
            value={draft.configText}
            label="Text of the template"
            problems={inText}
            onChange={(configText) => onChange({ ...draft, configText })}
          />
          {inText.length > 0 && (
            <ul className="problem-list" aria-live="polite">
              {inText.map(({ field, description, line }) => (
                <li key={`${field}: ${description}`}>
                  {line !== undefined && `Line ${line}: `}
                  <code>{field}</code> {description}
                </li>
              ))}
            </ul>
          )}
        </section>
        <section className="panel" aria-labelledby="template-placeholders">
          <h2 id="template-placeholders">Placeholders</h2>
          {rows.length === 0 && (
            <p className="faint">
              The text mentions none. Write <code>$(runs)</code>, for example.
            </p>
          )}
          {rows.map((row, index) => (
            <PlaceholderFields
              key={row.name}
              row={row}
              problem={
                wrong.placeholders[row.name] ??
                at(`template.placeholders[${index}].name`) ??
                at(`template.placeholders[${index}]`)
              }
              onChange={(changed) => onChange(withPlaceholder(draft, changed))}
            />
          ))}
        </section>
      </div>
    </>
  );
}

interface PlaceholderProps {
  readonly row: PlaceholderDraft;
  readonly problem: string | undefined;
  readonly onChange: (row: PlaceholderDraft) => void;
}

function PlaceholderFields({ row, problem, onChange }: PlaceholderProps) {
  const hidden = <span className="visually-hidden"> of {row.name}</span>;
  return (
    <fieldset className="parameter placeholder">
      <legend>
        <code>$({row.name})</code>
      </legend>
      {problem !== undefined && (
        <p className="hint at-fault" role="alert">
          ✗ {problem}
        </p>
      )}
      <Field
        label={<>Description{hidden}</>}
        value={row.description}
        onChange={(description) => onChange({ ...row, description })}
      />
      <div className="fields">
        <Field
          label={<>Default{hidden}</>}
          value={row.default}
          placeholder="none: a value is required"
          isAtFault={problem !== undefined}
          onChange={(text) => onChange({ ...row, default: text })}
        />
        <Field
          label={<>Example{hidden}</>}
          value={row.example}
          placeholder="none"
          isAtFault={problem !== undefined}
          onChange={(text) => onChange({ ...row, example: text })}
        />
      </div>
    </fieldset>
  );
}

interface FieldProps {
  readonly label: ReactNode;
  readonly value: string;
  readonly problem?: string | undefined;
  readonly isAtFault?: boolean;
  readonly hint?: string;
  readonly placeholder?: string;
  readonly isLong?: boolean;
  readonly onChange: (text: string) => void;
}

function Field(props: FieldProps) {
  const { label, value, problem, isAtFault, hint, placeholder, isLong, onChange } = props;
  const id = useId();
  const shared = {
    id,
    value,
    placeholder,
    autoComplete: "off",
    "aria-invalid": problem !== undefined || isAtFault === true,
    "aria-describedby": `${id}-said`,
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {isLong === true ? (
        <textarea {...shared} rows={3} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <input {...shared} onChange={(event) => onChange(event.target.value)} />
      )}
      <span id={`${id}-said`} className={problem === undefined ? "hint" : "hint at-fault"}>
        {problem === undefined ? hint : `✗ ${problem}`}
      </span>
    </div>
  );
}
