import type { DistributionShape } from "../../plots/distributionShape";
import type { FieldProblem } from "../../rpc/problems";
import type { ParameterForm } from "../../store/sweepConfig";
import {
  DISTRIBUTION_GROUPS,
  DISTRIBUTIONS,
  defaultOfKey,
  hintOfKey,
  LIST_KEYS,
} from "../../store/sweepConfigDistributions";
import { removeAt, setValue } from "../../store/sweepConfigEdits";
import { problemAt } from "../../store/sweepConfigProblems";
import {
  addParameter,
  duplicate,
  move,
  renameParameter,
  setDistribution,
} from "../../store/sweepConfigSpaceEdits";
import { Choice } from "./Choice";
import { ConditionFields } from "./ConditionFields";
import { DistributionPlot } from "./DistributionPlot";
import { DraftInput } from "./DraftInput";
import type { Edit } from "./edit";

interface Props {
  readonly parameter: ParameterForm;
  readonly shape: DistributionShape | undefined;
  readonly summary: string;
  readonly problems: readonly FieldProblem[];
  readonly others: readonly ParameterForm[];
  readonly edit: Edit;
}

/** The fields of a parameter: its name, its distribution and its conditions. */
export function ParameterEditor({ parameter, shape, summary, problems, others, edit }: Props) {
  const { path, name, distribution, fields, otherKeys } = parameter;
  const title = [...parameter.groups, name].join("/");
  const isGroup = distribution === "group";
  return (
    <>
      <div className="fields">
        <DraftInput
          label="Name"
          isCode
          value={name}
          problem={problemAt(problems, path)}
          onChange={(typed) => {
            if (typed === name) return true;
            if (typed === "") return "A name is required.";
            const isRenamed = edit((text) => {
              const changed = renameParameter(text, path, typed);
              return changed === text ? undefined : changed;
            });
            return isRenamed || "Another parameter has this name.";
          }}
        />
        {Object.hasOwn(DISTRIBUTIONS, distribution) && (
          <Choice
            label="Distribution"
            value={distribution}
            choices={DISTRIBUTION_GROUPS}
            problem={problemAt(problems, [...path, "distribution"])}
            onChange={(chosen) => edit((text) => setDistribution(text, path, chosen))}
          />
        )}
        {(DISTRIBUTIONS[distribution] ?? []).map((key) => (
          <DraftInput
            key={key}
            label={key}
            isCode
            isWide={LIST_KEYS.has(key)}
            value={fields[key] ?? ""}
            hint={hintOfKey(distribution, key)}
            placeholder={defaultOfKey(distribution, key)}
            problem={problemAt(problems, [...path, key])}
            onChange={(typed) => edit((text) => setValue(text, [...path, key], typed))}
          />
        ))}
      </div>
      {distribution === "" && (
        <p className="faint">
          This parameter is written in a way that only the text can change: {otherKeys.join(", ")}
        </p>
      )}
      {distribution !== "" && otherKeys.length > 0 && (
        <p className="faint">Only the text shows: {otherKeys.join(", ")}</p>
      )}
      {shape === undefined
        ? !isGroup &&
          distribution !== "" && (
            <p className="faint">The values above make no distribution that can be drawn yet.</p>
          )
        : distribution !== "constant" && <DistributionPlot shape={shape} label={summary} />}
      <ConditionFields parameter={parameter} problems={problems} others={others} edit={edit} />
      <div className="actions">
        {isGroup && (
          <button
            type="button"
            onClick={() => edit((text) => addParameter(text, [...path, "parameters"]))}
          >
            Add a parameter to {title}
          </button>
        )}
        <button type="button" onClick={() => edit((text) => move(text, path, -1))}>
          Move up
        </button>
        <button type="button" onClick={() => edit((text) => move(text, path, 1))}>
          Move down
        </button>
        <button type="button" onClick={() => edit((text) => duplicate(text, path))}>
          Duplicate
        </button>
        <button
          type="button"
          className="danger"
          aria-label={`Remove ${title}`}
          onClick={() => edit((text) => removeAt(text, path))}
        >
          Remove
        </button>
      </div>
    </>
  );
}
