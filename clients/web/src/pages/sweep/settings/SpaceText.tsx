import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useServices } from "../../../rpc/context";
import { describeProblem } from "../../../rpc/problems";
import {
  configOfSpace,
  spaceYaml,
  textOfSpace,
  withinText,
} from "../../../store/settings/spaceText";
import { SPACE } from "../../../store/settings/values";
import { ProblemNotice } from "../../../ui/ProblemNotice";
import { YamlEditor } from "../../create/YamlEditor";
import { useCurrentSweep } from "../sweepContext";
import { Conflict } from "./SettingField";
import { useSettingsForm } from "./settingsForm";

const PAUSE_MS = 300;

/** The search space as the text of a config. */
export function SpaceText() {
  const { sweepId, etag } = useCurrentSweep();
  const { registry } = useServices();
  const form = useSettingsForm();
  const query = useQuery({
    queryKey: ["space", sweepId, etag],
    queryFn: async ({ signal }) =>
      spaceYaml((await registry.exportSweep({ sweepId }, { signal })).text),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [typed, setTyped] = useState<string>();
  // Without a change, the text follows the sweep.
  const text = (form.isEdited(SPACE) ? typed : undefined) ?? query.data;
  if (query.isError) return <ProblemNotice error={query.error} onRetry={() => query.refetch()} />;
  if (text === undefined) return <p className="faint">Loading …</p>;
  return <Editor text={text} typed={typed} onType={setTyped} />;
}

interface EditorProps {
  readonly text: string;
  /** What the user has typed; undefined for nothing yet. */
  readonly typed: string | undefined;
  readonly onType: (text: string) => void;
}

function Editor({ text, typed, onType }: EditorProps) {
  const { registry } = useServices();
  const form = useSettingsForm();
  const [checked, setChecked] = useState<string>();
  useEffect(() => {
    const timer = setTimeout(() => setChecked(typed), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const check = useQuery({
    queryKey: ["space-check", checked],
    queryFn: async ({ signal }) => {
      const config = { text: configOfSpace(checked ?? ""), keepsFloats: true };
      const source = { case: "configText" as const, value: config };
      const { spec } = await registry.parseSweepConfig({ source }, { signal });
      return textOfSpace(spec?.searchSpace);
    },
    enabled: checked !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const isCurrent = checked === typed && !check.isFetching;
  const space = isCurrent ? check.data : undefined;
  // The text becomes a space when the server has read it; what was discarded since stays so.
  useEffect(() => {
    if (space !== undefined && form.text(SPACE) === "") form.set(SPACE, space);
  }, [space, form]);
  const problems = check.isError ? withinText(describeProblem(check.error).fields, text) : [];
  const rejected = form.text(SPACE) === "" ? undefined : form.problem(SPACE);
  return (
    <>
      <YamlEditor
        value={text}
        label="Search space (YAML)"
        problems={isCurrent ? problems : []}
        onChange={(changed) => {
          onType(changed);
          // Nothing can be saved until the text is read.
          form.set(SPACE, "");
        }}
      />
      <div aria-live="polite">
        {!isCurrent && <p className="faint">Checking …</p>}
        {isCurrent && problems.length > 0 && (
          <ul className="problem-list">
            {problems.map(({ field, description, line }) => (
              <li key={`${field}: ${description}`}>
                {line !== undefined && `Line ${line}: `}
                <code>{field}</code> {description}
              </li>
            ))}
          </ul>
        )}
        {isCurrent && rejected !== undefined && <p className="at-fault">✗ {rejected}</p>}
        {isCurrent && check.isError && problems.length === 0 && (
          <ProblemNotice error={check.error} onRetry={() => check.refetch()} />
        )}
      </div>
      <Conflict settingKey={SPACE} />
    </>
  );
}
