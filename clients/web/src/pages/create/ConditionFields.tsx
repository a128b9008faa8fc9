import type { FieldProblem } from "../../rpc/problems";
import type { ParameterForm } from "../../store/sweepConfig";
import { problemAt } from "../../store/sweepConfigProblems";
import { addCondition, removeCondition, setCondition } from "../../store/sweepConfigSpaceEdits";
import { listItems } from "../../store/sweepConfigText";
import { Choice } from "./Choice";
import { DraftInput } from "./DraftInput";
import type { Edit } from "./edit";

interface Props {
  readonly parameter: ParameterForm;
  readonly problems: readonly FieldProblem[];
  readonly others: readonly ParameterForm[];
  readonly edit: Edit;
}

/** The values that other parameters must have for a run to have this one. */
export function ConditionFields({ parameter, problems, others, edit }: Props) {
  const { path, when } = parameter;
  if (when === undefined) {
    return (
      <p className="faint">Its condition is written in a way that only the text can change.</p>
    );
  }
  const taken = new Set(when.map(({ name }) => name));
  const choices = others.filter((other) => !taken.has(nameOf(other)));
  return (
    <fieldset className="condition-fields">
      <legend className="hint">Only in runs in which</legend>
      {problemAt(problems, [...path, "when"]) !== undefined && (
        <p className="hint at-fault">✗ {problemAt(problems, [...path, "when"])}</p>
      )}
      {when.map(({ name, values }) => (
        <div className="condition-line" key={name}>
          <DraftInput
            label={`${name} is one of`}
            isCode
            value={values}
            hint={hintOf(others.find((other) => nameOf(other) === name || other.name === name))}
            problem={problemAt(problems, [...path, "when", name])}
            onChange={(typed) =>
              typed.trim() !== "" && edit((text) => setCondition(text, path, name, typed))
            }
          />
          <button
            type="button"
            aria-label={`Remove the condition on ${name}`}
            onClick={() => edit((text) => removeCondition(text, path, name))}
          >
            Remove
          </button>
        </div>
      ))}
      {choices.length > 0 && (
        <Choice
          label={when.length === 0 ? "a parameter has a certain value" : "and also"}
          value=""
          empty="choose a parameter …"
          choices={["", ...choices.map(nameOf)]}
          onChange={(name) => {
            const other = choices.find((each) => nameOf(each) === name);
            if (other === undefined) return;
            // A name of the group itself would be found first.
            const isHidden = others.some(
              (each) => each.name === name && each.groups.length > 0 && isAround(each, parameter),
            );
            const given = isHidden ? `/${name}` : name;
            edit((text) => addCondition(text, path, given, firstValueOf(other)));
          }}
        />
      )}
    </fieldset>
  );
}

/** Returns a parameter's full name, by which any other parameter can name it. */
function nameOf({ groups, name }: ParameterForm): string {
  return [...groups, name].join("/");
}

/** Whether a parameter's group is the one of another parameter, or around it. */
function isAround({ groups }: ParameterForm, inner: ParameterForm): boolean {
  return groups.every((group, depth) => inner.groups[depth] === group);
}

function firstValueOf({ fields }: ParameterForm): string {
  const values = fields.values === undefined ? undefined : listItems(fields.values)?.[0];
  return values ?? fields.value ?? fields.min ?? "true";
}

function hintOf(other: ParameterForm | undefined): string | undefined {
  return other?.fields.values === undefined ? undefined : `of ${other.fields.values}`;
}
