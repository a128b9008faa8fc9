import type { FieldProblem } from "../../rpc/problems";
import type { SweepForm } from "../../store/sweepConfig";
import { addMetric, removeMetric, setText, setValue } from "../../store/sweepConfigEdits";
import { problemAt } from "../../store/sweepConfigProblems";
import { Choice } from "./Choice";
import { DraftInput } from "./DraftInput";
import type { Edit } from "./edit";
import { Section } from "./Section";

interface Props {
  readonly form: SweepForm;
  readonly problems: readonly FieldProblem[];
  readonly edit: Edit;
}

/** The metrics that the sweep optimizes. */
export function ObjectivesSection({ form, problems, edit }: Props) {
  const { metrics } = form;
  return (
    <Section
      id="objectives"
      title="Objectives"
      problem={problemAt(problems, ["metrics"]) ?? problemAt(problems, ["metric"])}
    >
      {metrics.length === 0 && (
        <p className="faint">
          Without an objective, runs are tried at random or in a grid, and none is the best.
        </p>
      )}
      {metrics.map((metric, index) => (
        <fieldset className="objective" key={metric.path.join(".")}>
          <legend className="visually-hidden">Objective {index + 1}</legend>
          <div className="fields">
            <DraftInput
              label="Metric"
              isCode
              value={metric.name}
              hint="the name under which runs report it"
              problem={problemAt(problems, [...metric.path, "name"])}
              onChange={(typed) => edit((text) => setText(text, [...metric.path, "name"], typed))}
            />
            <Choice
              label="Goal"
              value={metric.goal.toLowerCase() || "minimize"}
              choices={["minimize", "maximize"]}
              problem={problemAt(problems, [...metric.path, "goal"])}
              onChange={(goal) => edit((text) => setText(text, [...metric.path, "goal"], goal))}
            />
            <DraftInput
              label="Target"
              isCode
              value={metric.target}
              placeholder="none"
              hint="ends the sweep when it is reached"
              problem={problemAt(problems, [...metric.path, "target"])}
              onChange={(typed) =>
                edit((text) => setValue(text, [...metric.path, "target"], typed))
              }
            />
            <DraftInput
              label="Value that counts"
              isCode
              value={metric.value}
              placeholder="last"
              hint="last, best, or mean_last_N"
              problem={problemAt(problems, [...metric.path, "value"])}
              onChange={(typed) => edit((text) => setText(text, [...metric.path, "value"], typed))}
            />
          </div>
          <button
            type="button"
            aria-label={`Remove the objective ${metric.name}`}
            onClick={() => edit((text) => removeMetric(text, metric.path))}
          >
            Remove
          </button>
        </fieldset>
      ))}
      <button type="button" onClick={() => edit(addMetric)}>
        {metrics.length === 0 ? "Add an objective" : "Add another objective"}
      </button>
    </Section>
  );
}
