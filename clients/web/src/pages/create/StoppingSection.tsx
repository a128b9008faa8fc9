import {
  type Algorithm,
  AlgorithmKind,
} from "../../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb";
import type { FieldProblem } from "../../rpc/problems";
import type { SweepForm } from "../../store/sweepConfig";
import { setAlgorithm, setStopping, setValue } from "../../store/sweepConfigEdits";
import { problemAt } from "../../store/sweepConfigProblems";
import type { Path } from "../../store/sweepConfigText";
import { AlgorithmFields } from "./AlgorithmFields";
import { Choice } from "./Choice";
import { DraftInput } from "./DraftInput";
import type { Edit } from "./edit";
import { Section } from "./Section";

interface Props {
  readonly form: SweepForm;
  readonly problems: readonly FieldProblem[];
  readonly algorithms: readonly Algorithm[];
  readonly edit: Edit;
}

const HYPERBAND: readonly (readonly [string, string, string])[] = [
  ["min_iter", "", "the iteration of the first comparison"],
  ["eta", "3", "one in this many runs goes on"],
  ["max_iter", "", "the iterations of a full run"],
  ["s", "", "with max_iter: the number of comparisons"],
];

/** When runs are stopped early, and when the sweep ends. */
export function StoppingSection({ form, problems, algorithms, edit }: Props) {
  const pruners = ofKind(algorithms, AlgorithmKind.PRUNER);
  const terminators = ofKind(algorithms, AlgorithmKind.TERMINATOR);
  const pruner = pruners.find(({ name }) => name === form.pruner.name);
  const terminator = terminators.find(({ name }) => name === form.terminator.name);
  const rule =
    form.stopping === "hyperband"
      ? "hyperband-wandb"
      : form.stopping === "pruner"
        ? form.pruner.name
        : form.stopping;
  const number = (label: string, path: Path, value = "", start = "", hint?: string) => (
    <DraftInput
      key={label}
      label={label}
      isCode
      value={value}
      placeholder={start}
      hint={hint}
      problem={problemAt(problems, path)}
      onChange={(typed) => edit((text) => setValue(text, path, typed))}
    />
  );
  return (
    <Section id="stopping" title="Early stopping and limits">
      <div className="fields">
        <Choice
          label="Stop a run early"
          value={rule}
          choices={["", "hyperband-wandb", ...pruners.map(({ name }) => name)]}
          empty="never"
          problem={
            problemAt(problems, ["early_terminate"]) ??
            problemAt(problems, ["early_terminate", "type"]) ??
            problemAt(problems, ["pruner"]) ??
            problemAt(problems, ["pruner", "name"])
          }
          onChange={(chosen) => edit((text) => setStopping(text, chosen))}
        />
        {form.stopping === "hyperband" &&
          HYPERBAND.map(([key, start, hint]) =>
            number(key, ["early_terminate", key], form.hyperband[key], start, hint),
          )}
      </div>
      {form.stopping === "hyperband" && (
        <p className="faint">
          W&amp;B's rule: at a few iterations, a run goes on only if it is among the best so far.
        </p>
      )}
      {form.stopping === "other" && (
        <p className="faint">This rule is written in a way that only the text can change.</p>
      )}
      {pruner !== undefined && (
        <AlgorithmFields
          key={pruner.name}
          algorithm={pruner}
          form={form.pruner}
          configKey="pruner"
          problems={problems}
          edit={edit}
        />
      )}
      <h3>Limits</h3>
      <div className="fields">
        {number("Runs at most", ["run_cap"], form.top.run_cap, "no limit")}
        {number(
          "Failed runs at most",
          ["max_failed_runs"],
          form.top.max_failed_runs,
          "no limit",
          "then the sweep fails",
        )}
        {number(
          "Retries if lost",
          ["retries", "lost"],
          form.retries.lost,
          "2",
          "when its agent is lost",
        )}
        {number(
          "Retries if failed",
          ["retries", "failed"],
          form.retries.failed,
          "0",
          "when its program fails",
        )}
        {number("Seed", ["seed"], form.top.seed, "random", "repeats the proposals")}
        <Choice
          label="Finish early"
          hint="when going on is not worth it"
          value={form.terminator.name}
          choices={["", ...terminators.map(({ name }) => name)]}
          empty="never"
          problem={problemAt(problems, ["terminate"]) ?? problemAt(problems, ["terminate", "name"])}
          onChange={(name) => edit((text) => setAlgorithm(text, "terminate", name))}
        />
      </div>
      {terminator !== undefined && (
        <AlgorithmFields
          key={terminator.name}
          algorithm={terminator}
          form={form.terminator}
          configKey="terminate"
          problems={problems}
          edit={edit}
        />
      )}
    </Section>
  );
}

function ofKind(algorithms: readonly Algorithm[], wanted: AlgorithmKind): Algorithm[] {
  return algorithms.filter(({ kind, isInstalled }) => kind === wanted && isInstalled);
}
