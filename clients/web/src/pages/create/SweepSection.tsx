import type { FieldProblem } from "../../rpc/problems";
import type { SweepForm } from "../../store/sweepConfig";
import { setText } from "../../store/sweepConfigEdits";
import { problemAt } from "../../store/sweepConfigProblems";
import { DraftInput } from "./DraftInput";
import type { Edit } from "./edit";
import { Section } from "./Section";

interface Props {
  readonly form: SweepForm;
  readonly problems: readonly FieldProblem[];
  readonly edit: Edit;
}

const FIELDS: readonly (readonly [string, string, string, string | undefined])[] = [
  ["Name", "name", "made from the id", undefined],
  ["Project", "project", "default", undefined],
  ["Description", "description", "", undefined],
  ["Program", "program", "none", "what command-line agents run"],
];

/** What the sweep is called, and what its agents run. */
export function SweepSection({ form, problems, edit }: Props) {
  return (
    <Section id="sweep" title="Sweep">
      <div className="fields">
        {FIELDS.map(([label, key, start, hint]) => (
          <DraftInput
            key={key}
            label={label}
            value={form.top[key] ?? ""}
            placeholder={start}
            hint={hint}
            problem={problemAt(problems, [key])}
            onChange={(typed) => edit((text) => setText(text, [key], typed))}
          />
        ))}
      </div>
      {form.otherKeys.length > 0 && (
        <p className="hint">
          The text also has {form.otherKeys.map((key) => `“${key}”`).join(", ")}. The form does not
          show this and leaves it as it is.
        </p>
      )}
    </Section>
  );
}
