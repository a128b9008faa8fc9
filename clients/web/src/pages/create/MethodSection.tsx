import { Method } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import {
  type Algorithm,
  AlgorithmKind,
} from "../../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb";
import type { FieldProblem } from "../../rpc/problems";
import type { SweepForm } from "../../store/sweepConfig";
import { removeAt, setAlgorithm, setText } from "../../store/sweepConfigEdits";
import { problemAt } from "../../store/sweepConfigProblems";
import { AlgorithmFields } from "./AlgorithmFields";
import { Choice } from "./Choice";
import type { Edit } from "./edit";
import { Section } from "./Section";

interface Props {
  readonly form: SweepForm;
  readonly problems: readonly FieldProblem[];
  readonly algorithms: readonly Algorithm[];
  readonly edit: Edit;
}

const METHODS: readonly (readonly [string, Method, string])[] = [
  ["bayes", Method.BAYES, "learns from the runs so far"],
  ["random", Method.RANDOM, "draws each run from the distributions"],
  ["grid", Method.GRID, "tries every combination once"],
];

const DEFAULTS: Readonly<Record<string, string>> = { bayes: "tpe", random: "random", grid: "grid" };

/** How the parameters of the next run are chosen. */
export function MethodSection({ form, problems, algorithms, edit }: Props) {
  const samplers = algorithms.filter(({ kind }) => kind === AlgorithmKind.SAMPLER);
  const chosen = samplers.find(({ name }) => name === form.sampler.name);
  const given = (form.top.method ?? "").toLowerCase();
  const method = given || METHODS.find(([, id]) => id === chosen?.method)?.[0] || "";
  const shown = chosen ?? samplers.find(({ name }) => name === DEFAULTS[method]);
  const groups = METHODS.map(
    ([name, id]) =>
      [
        name,
        samplers
          .filter((each) => each.method === id && (each.isInstalled || each === chosen))
          .map((each) => each.name),
      ] as const,
  );
  const missing = samplers.filter(({ isInstalled }) => !isInstalled);
  return (
    <Section id="method" title="Method">
      <fieldset className="method-choice" aria-describedby="method-problem">
        <legend className="visually-hidden">Method</legend>
        {METHODS.map(([name, , words]) => (
          <label key={name}>
            <input
              type="radio"
              name="method"
              checked={method === name}
              onChange={() =>
                edit((text) => setText(setAlgorithm(text, "sampler", ""), ["method"], name))
              }
            />
            <span>
              <strong>{name}</strong> <span className="faint">{words}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <p id="method-problem" className="hint at-fault">
        {problemAt(problems, ["method"]) !== undefined && `✗ ${problemAt(problems, ["method"])}`}
      </p>
      <div className="fields">
        <Choice
          label="Sampler"
          value={form.sampler.name}
          choices={["", ...groups]}
          empty={method === "" ? "the method's" : `the method's: ${DEFAULTS[method] ?? "–"}`}
          problem={problemAt(problems, ["sampler"]) ?? problemAt(problems, ["sampler", "name"])}
          onChange={(name) =>
            edit((text) => {
              // A sampler determines the method.
              const method = samplers.find((each) => each.name === name)?.method;
              const fits = METHODS.some(([word, id]) => word === given && id === method);
              const base = name === "" || fits ? text : removeAt(text, ["method"]);
              return setAlgorithm(base, "sampler", name);
            })
          }
        />
      </div>
      {shown !== undefined && (
        <AlgorithmFields
          key={shown.name}
          algorithm={shown}
          form={form.sampler}
          configKey="sampler"
          problems={problems}
          edit={(change) =>
            edit((text) =>
              // An option needs the name of the sampler whose option it is.
              change(form.sampler.name === "" ? setAlgorithm(text, "sampler", shown.name) : text),
            )
          }
        />
      )}
      {missing.length > 0 && (
        <p className="hint">
          Not installed on this server: {missing.map(({ name }) => name).join(", ")}
        </p>
      )}
    </Section>
  );
}
