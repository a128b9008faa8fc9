import { useId } from "react";
import {
  type Algorithm,
  AlgorithmKind,
} from "../../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb";
import type { FieldProblem } from "../../rpc/problems";
import {
  addMetric,
  addParameter,
  DISTRIBUTIONS,
  optionText,
  type ParameterForm,
  type Path,
  removeAt,
  rename,
  type SweepForm,
  setDistribution,
  setSampler,
  setStopping,
  setText,
  setValue,
} from "../../store/sweepConfig";
import { DraftInput } from "./DraftInput";

interface Props {
  readonly text: string;
  readonly form: SweepForm;
  readonly problems: readonly FieldProblem[];
  readonly algorithms: readonly Algorithm[];
  readonly onChange: (text: string) => void;
}

/** The parts of a config that most sweeps have; the rest stays as the text has it. */
export function ConfigForm(props: Props) {
  const { text, form, problems, algorithms, onChange } = props;
  const problemAt = (path: Path) =>
    problems.find(({ field }) => field === path.join("."))?.description;
  const stringField = (label: string, path: Path, value: string) => (
    <DraftInput
      label={label}
      value={value}
      problem={problemAt(path)}
      onChange={(typed) => {
        onChange(setText(text, path, typed));
        return true;
      }}
    />
  );
  const valueField = (label: string, path: Path, value: string, hint?: string, start?: string) => (
    <DraftInput
      key={path.join(".")}
      label={label}
      value={value}
      problem={problemAt(path)}
      hint={hint}
      placeholder={start}
      onChange={(typed) => {
        const changed = setValue(text, path, typed);
        if (changed !== undefined) onChange(changed);
        return changed !== undefined;
      }}
    />
  );
  const samplers = algorithms.filter(
    ({ kind, isInstalled }) => kind === AlgorithmKind.SAMPLER && isInstalled,
  );
  const pruners = algorithms.filter(
    ({ kind, isInstalled }) => kind === AlgorithmKind.PRUNER && isInstalled,
  );
  const sampler = samplers.find(({ name }) => name === form.sampler);
  const pruner = pruners.find(({ name }) => name === form.pruner);
  const options = (algorithm: Algorithm | undefined, key: string) =>
    algorithm?.options.map(({ name, description }) => {
      const path = [key, "options", name];
      return valueField(name, path, optionText(text, path), description, "default");
    });
  const stopping =
    form.stopping === "hyperband"
      ? "hyperband-wandb"
      : form.stopping === "pruner"
        ? form.pruner
        : form.stopping;
  return (
    <>
      <div className="fields">
        {stringField("Name", ["name"], form.name)}
        {stringField("Project", ["project"], form.project)}
        {stringField("Description", ["description"], form.description)}
      </div>
      <h3>Objectives</h3>
      {form.metrics.map((metric) => (
        <div className="fields" key={metric.path.join(".")}>
          {stringField("Metric", [...metric.path, "name"], metric.name)}
          <Choice
            label="Goal"
            value={metric.goal || "minimize"}
            choices={["minimize", "maximize"]}
            onChange={(goal) => onChange(setText(text, [...metric.path, "goal"], goal))}
          />
          {valueField("Target", [...metric.path, "target"], metric.target, undefined, "none")}
          {stringField("Value (last, best, mean_last_N)", [...metric.path, "value"], metric.value)}
          <button type="button" onClick={() => onChange(removeAt(text, metric.path))}>
            Remove {metric.name}
          </button>
        </div>
      ))}
      <button type="button" onClick={() => onChange(addMetric(text))}>
        Add an objective
      </button>
      <h3>Parameters</h3>
      {form.parameters.map((parameter, index) => (
        <ParameterFields
          // A name changes while it is typed, and the field must keep the focus.
          key={`${parameter.path.length}-${index.toString()}`}
          parameter={parameter}
          text={text}
          problem={problemAt(parameter.path)}
          valueField={valueField}
          onChange={onChange}
        />
      ))}
      <button type="button" onClick={() => onChange(addParameter(text))}>
        Add a parameter
      </button>
      <h3>Search</h3>
      <div className="fields">
        <Choice
          label="Method"
          value={form.method}
          choices={["", "random", "grid", "bayes"]}
          empty="the sampler's"
          onChange={(method) => onChange(setSampler(setText(text, ["method"], method), ""))}
        />
        <Choice
          label="Sampler"
          value={form.sampler}
          choices={["", ...samplers.map(({ name }) => name)]}
          empty="the method's"
          // A sampler determines the method.
          onChange={(name) =>
            onChange(setSampler(name === "" ? text : removeAt(text, ["method"]), name))
          }
        />
        {valueField("Run cap", ["run_cap"], form.runCap, undefined, "no limit")}
      </div>
      {sampler !== undefined && <p className="faint">{sampler.description}</p>}
      {sampler !== undefined && sampler.options.length > 0 && (
        <details>
          <summary>Options of {sampler.title}</summary>
          <div className="fields">{options(sampler, "sampler")}</div>
        </details>
      )}
      <h3>Early termination</h3>
      <div className="fields">
        <Choice
          label="Rule"
          value={stopping}
          choices={["", "hyperband-wandb", ...pruners.map(({ name }) => name)]}
          empty="none"
          onChange={(rule) => onChange(setStopping(text, rule))}
        />
        {form.stopping === "hyperband" &&
          ["min_iter", "eta", "max_iter", "s"].map((key) => {
            const path = ["early_terminate", key];
            return valueField(key, path, optionText(text, path));
          })}
        {form.stopping === "pruner" && options(pruner, "pruner")}
      </div>
    </>
  );
}

interface ParameterProps {
  readonly parameter: ParameterForm;
  readonly text: string;
  readonly problem: string | undefined;
  readonly valueField: (label: string, path: Path, value: string) => React.ReactNode;
  readonly onChange: (text: string) => void;
}

function ParameterFields({ parameter, text, problem, valueField, onChange }: ParameterProps) {
  const { path, name, groups, distribution, fields, when } = parameter;
  const title = [...groups, name].join("/");
  return (
    <fieldset className="parameter">
      <legend>
        <code>{title}</code>
      </legend>
      <div className="fields">
        <DraftInput
          label="Name"
          value={name}
          problem={problem}
          onChange={(typed) => {
            const changed = rename(text, path, typed);
            onChange(changed);
            return typed === name || changed !== text;
          }}
        />
        {distribution === "" && <p className="faint">Only the text can change this one.</p>}
        {distribution === "group" && <p className="faint">A group; its parameters follow.</p>}
        {Object.hasOwn(DISTRIBUTIONS, distribution) && (
          <>
            <Choice
              label="Distribution"
              value={distribution}
              choices={Object.keys(DISTRIBUTIONS)}
              onChange={(chosen) => onChange(setDistribution(text, path, chosen))}
            />
            {(DISTRIBUTIONS[distribution] ?? []).map((key) =>
              valueField(key, [...path, key], fields[key] ?? ""),
            )}
          </>
        )}
        <button type="button" onClick={() => onChange(removeAt(text, path))}>
          Remove {title}
        </button>
      </div>
      {when !== "" && (
        <p className="faint">
          Only when <code>{when}</code>
        </p>
      )}
    </fieldset>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly string[];
  /** What the empty choice is called. */
  readonly empty?: string;
  readonly onChange: (value: string) => void;
}

function Choice({ label, value, choices, empty, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {/* What the text has stays a choice, known or not. */}
        {[...new Set([...choices, value])].map((each) => (
          <option key={each} value={each}>
            {each === "" ? (empty ?? "–") : each}
          </option>
        ))}
      </select>
    </div>
  );
}
