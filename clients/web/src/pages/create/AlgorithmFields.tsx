import {
  type Algorithm,
  type AlgorithmOption,
  OptionType,
} from "../../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb";
import type { FieldProblem } from "../../rpc/problems";
import { formatValue } from "../../store/format";
import { parameterText } from "../../store/parameterText";
import type { AlgorithmForm } from "../../store/sweepConfig";
import { setOption } from "../../store/sweepConfigEdits";
import { problemAt } from "../../store/sweepConfigProblems";
import { Choice } from "./Choice";
import { DraftInput } from "./DraftInput";
import type { Edit } from "./edit";

interface Props {
  readonly algorithm: Algorithm;
  readonly form: AlgorithmForm;
  /** The key of the config: `sampler`, `pruner` or `terminate`. */
  readonly configKey: string;
  readonly problems: readonly FieldProblem[];
  readonly edit: Edit;
}

/** What an algorithm does, and its options. */
export function AlgorithmFields({ algorithm, form, configKey, problems, edit }: Props) {
  const { options } = algorithm;
  const set = Object.keys(form.options).length;
  return (
    <div className="algorithm">
      <p>{algorithm.description}</p>
      {algorithm.spaceNotes !== "" && <p className="faint">{algorithm.spaceNotes}</p>}
      <ul className="algorithm-facts">
        {factsOf(algorithm).map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
      {algorithm.reference !== "" && <p className="hint">{algorithm.reference}</p>}
      {!algorithm.isInstalled && (
        <p className="hint at-fault">✗ This server lacks {algorithm.requires.join(", ")}.</p>
      )}
      {options.length > 0 && (
        <details open={set > 0}>
          <summary>
            {options.length === 1 ? "1 setting" : `${options.length} settings`}
            {set > 0 && `, ${set} of them set`}
          </summary>
          <div className="fields option-fields">
            {options.map((option) => (
              <OptionField
                key={option.name}
                option={option}
                value={form.options[option.name] ?? ""}
                problem={problemAt(problems, [configKey, "options", option.name])}
                onChange={(typed) => edit((text) => setOption(text, configKey, option.name, typed))}
              />
            ))}
          </div>
        </details>
      )}
    </div>
  );
}

function factsOf(algorithm: Algorithm): string[] {
  return [
    algorithm.needsMetric ? "needs an objective" : "",
    algorithm.takesSeveralMetrics ? "several objectives" : "one objective",
    algorithm.takesConditions ? "conditions" : "no conditions",
    algorithm.usesPriorRuns ? "learns from prior runs" : "",
    algorithm.isExhaustive ? "ends by itself" : "",
  ].filter((fact) => fact !== "");
}

interface OptionProps {
  readonly option: AlgorithmOption;
  readonly value: string;
  readonly problem: string | undefined;
  readonly onChange: (value: string) => boolean;
}

function OptionField({ option, value, problem, onChange }: OptionProps) {
  const given = option.default === undefined ? "required" : parameterText(option.default);
  const start = given === "null" ? "automatic" : given;
  const choices =
    option.type === OptionType.BOOL
      ? ["true", "false"]
      : option.type === OptionType.CHOICE
        ? option.choices
        : undefined;
  const hint = [option.description, rangeOf(option)].filter((part) => part !== "").join(" ");
  return choices === undefined ? (
    <DraftInput
      label={option.name}
      isCode
      value={value}
      placeholder={start}
      hint={hint}
      problem={problem}
      onChange={onChange}
    />
  ) : (
    <Choice
      label={option.name}
      value={value}
      choices={["", ...choices]}
      empty={`default: ${start}`}
      hint={hint}
      problem={problem}
      onChange={onChange}
    />
  );
}

function rangeOf({ min, max, minIsExcluded, maxIsExcluded }: AlgorithmOption): string {
  if (min === undefined && max === undefined) return "";
  const low = min === undefined ? "" : `${minIsExcluded ? "above" : "from"} ${formatValue(min)}`;
  const high = max === undefined ? "" : `${maxIsExcluded ? "below" : "to"} ${formatValue(max)}`;
  return `(${[low, high].filter((part) => part !== "").join(" ")})`;
}
