import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useId, useRef, useState } from "react";
import type { CreateSweepResponse } from "../../gen/wanllmdb/api/registry/v1/registry_service_pb";
import { useServices } from "../../rpc/context";
import { describeProblem } from "../../rpc/problems";
import { newRequestId } from "../../rpc/requestId";
import { formatCount } from "../../store/format";
import { BLANK, readForm } from "../../store/sweepConfig";
import { ActionButton } from "../../ui/ActionButton";
import { CopyBox } from "../../ui/CopyBox";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { useTitle } from "../../ui/useTitle";
import { useWhyNot } from "../useCaller";
import { ConfigForm } from "./ConfigForm";
import { StartPanel } from "./StartPanel";
import { useConfigCheck } from "./useConfigCheck";
import { YamlEditor } from "./YamlEditor";

/** Makes a sweep: the config as a form and as text side by side, checked as one types. */
export function CreatePage() {
  useTitle("New sweep");
  const { registry, suggestion } = useServices();
  const [text, setText] = useState(BLANK);
  const check = useConfigCheck(text);
  const algorithms = useQuery({
    queryKey: ["algorithms"],
    queryFn: ({ signal }) => suggestion.listAlgorithms({}, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const problem = check.error === null ? undefined : describeProblem(check.error);
  const problems = problem?.fields ?? [];
  const form = readForm(text);
  const refusal = useWhyNot("edit", check.data?.project || "default");
  // The same config has the same id, so that a second click makes no second sweep.
  const request = useRef({ text: "", id: "" });
  const creation = useMutation({
    mutationFn: () => {
      if (request.current.text !== text) request.current = { text, id: newRequestId() };
      return registry.createSweep({
        source: { case: "configText", value: { text, keepsFloats: true } },
        requestId: request.current.id,
      });
    },
  });
  if (creation.data !== undefined) return <Created answer={creation.data} />;
  const isValid = check.isCurrent && check.error === null;
  return (
    <>
      <div className="title-row">
        <h1>New sweep</h1>
      </div>
      <StartPanel onStart={setText} />
      <div className="side-by-side">
        <section className="panel" aria-labelledby="form-title">
          <h2 id="form-title">Form</h2>
          {form === undefined ? (
            <p className="faint">The text is no YAML object; the form returns once it is one.</p>
          ) : (
            <ConfigForm
              text={text}
              form={form}
              problems={problems}
              algorithms={algorithms.data?.algorithms ?? []}
              onChange={setText}
            />
          )}
        </section>
        <section className="panel" aria-labelledby="text-title">
          <h2 id="text-title">Text</h2>
          <YamlEditor text={text} problems={problems} onChange={setText} />
          <div aria-live="polite">
            {!check.isCurrent && <p className="faint">Checking …</p>}
            {isValid && <p>✓ The config is valid.</p>}
            {isValid && check.data?.gridSize !== undefined && (
              <p>The grid has {formatCount(check.data.gridSize)} points.</p>
            )}
            {problems.length > 0 && (
              <ul className="problem-list">
                {problems.map(({ field, description, line }) => (
                  <li key={`${field}: ${description}`}>
                    {line !== undefined && `Line ${line}: `}
                    <code>{field}</code> {description}
                  </li>
                ))}
              </ul>
            )}
            {isValid && (check.data?.warnings.length ?? 0) > 0 && (
              <ul className="problem-list">
                {check.data?.warnings.map((warning) => (
                  <li key={warning}>Warning: {warning}</li>
                ))}
              </ul>
            )}
          </div>
          {check.error !== null && problems.length === 0 && (
            <ProblemNotice error={check.error} onRetry={() => check.refetch()} />
          )}
        </section>
      </div>
      {creation.isError && (
        <ProblemNotice error={creation.error} onRetry={() => creation.mutate()} />
      )}
      <div className="actions">
        <ActionButton
          className="primary"
          refusal={refusal}
          isBusy={!isValid || creation.isPending}
          onClick={() => creation.mutate()}
        >
          Create the sweep
        </ActionButton>
      </div>
    </>
  );
}

function Created({ answer }: { answer: CreateSweepResponse }) {
  const id = useId();
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const sweepId = answer.sweep?.sweepId ?? "";
  const program = answer.sweep?.spec?.program ?? "";
  const hasCommand = program !== "" || (answer.sweep?.spec?.command.length ?? 0) > 0;
  return (
    <>
      <div className="title-row">
        <h1 ref={title} tabIndex={-1} id={id}>
          {answer.sweep?.name || sweepId} is created
        </h1>
      </div>
      {answer.warnings.length > 0 && (
        <ul>
          {answer.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <section className="panel" aria-labelledby={`${id}-command`}>
        <h2 id={`${id}-command`}>Start an agent in a terminal</h2>
        <CopyBox
          label="the command"
          text={
            hasCommand
              ? `wanllmdb agent ${sweepId}`
              : `wanllmdb agent ${sweepId} -- python train.py`
          }
        />
      </section>
      <section className="panel" aria-labelledby={`${id}-python`}>
        <h2 id={`${id}-python`}>Or run a function in Python</h2>
        <CopyBox
          label="the lines"
          text={`import wanllmdb as wandb\n\nwandb.agent("${sweepId}", function=train)`}
        />
      </section>
      <p>
        <Link to="/sweeps/$sweepId" params={{ sweepId }}>
          Show the sweep
        </Link>
      </p>
    </>
  );
}
