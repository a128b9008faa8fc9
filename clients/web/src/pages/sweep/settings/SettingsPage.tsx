import { useQuery } from "@tanstack/react-query";
import { Goal, SweepState } from "../../../gen/wanllmdb/api/registry/v1/sweep_pb";
import {
  AlgorithmKind,
  SuggestionService,
} from "../../../gen/wanllmdb/api/suggestion/v1/suggestion_service_pb";
import { useClient } from "../../../rpc/context";
import { targetKey } from "../../../store/settings/values";
import { LeaveGuard } from "../../../ui/LeaveGuard";
import { ProblemNotice } from "../../../ui/ProblemNotice";
import { useCurrentSweep } from "../sweepContext";
import { DeletePanel } from "./DeletePanel";
import { ExportPanel } from "./ExportPanel";
import { RuleField } from "./RuleField";
import { SaveBar } from "./SaveBar";
import { SettingField } from "./SettingField";
import { SpacePanel } from "./SpacePanel";
import { SettingsFormContext } from "./settingsForm";
import { useSettings } from "./useSettings";
import "./settings.css";

const ENDED = new Set([SweepState.FINISHED, SweepState.FAILED, SweepState.CANCELED]);

/** Changes a sweep, also while it runs. */
export function SettingsPage() {
  const sweep = useCurrentSweep();
  const settings = useSettings(sweep);
  const { refusal } = settings.form;
  return (
    <SettingsFormContext value={settings.form}>
      <form
        className="settings"
        onSubmit={(event) => {
          event.preventDefault();
          settings.save();
        }}
      >
        {refusal !== undefined && <p className="notice">You can't change this sweep. {refusal}</p>}
        {ENDED.has(sweep.state) && (
          <p className="notice">
            This sweep has ended. What you change in its search has an effect only after some of its
            runs are retried.
          </p>
        )}
        <General />
        <Limits />
        <Objectives />
        <Rules />
        <SpacePanel />
        {settings.error !== undefined && (
          <ProblemNotice error={settings.error} onRetry={settings.save} />
        )}
        <SaveBar settings={settings} />
      </form>
      <ExportPanel sweep={sweep} />
      <DeletePanel sweep={sweep} />
      <LeaveGuard isDirty={settings.edits.length > 0} question="Leave without saving?">
        <p>Your changes of the settings are lost.</p>
      </LeaveGuard>
    </SettingsFormContext>
  );
}

function General() {
  return (
    <section className="panel" aria-labelledby="general-title">
      <h2 id="general-title">General</h2>
      <SettingField settingKey="name" label="Name" />
      <SettingField settingKey="description" label="Description" isLong />
    </section>
  );
}

function Limits() {
  return (
    <section className="panel" aria-labelledby="limits-title">
      <h2 id="limits-title">Runs</h2>
      <div className="fields">
        <SettingField
          settingKey="run_cap"
          label="Run cap"
          placeholder="no limit"
          inputMode="numeric"
          hint="The most runs that the sweep creates."
        />
        <SettingField
          settingKey="max_failed_runs"
          label="Failed runs at most"
          placeholder="no limit"
          inputMode="numeric"
          hint="The sweep fails with this many failed runs."
        />
        <SettingField
          settingKey="retries_lost"
          label="Retries of a lost run"
          inputMode="numeric"
          hint="When its agent no longer answers."
        />
        <SettingField
          settingKey="retries_failed"
          label="Retries of a failed run"
          inputMode="numeric"
          hint="When its program ends with an error."
        />
      </div>
    </section>
  );
}

function Objectives() {
  const metrics = useCurrentSweep().spec?.metrics ?? [];
  if (metrics.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="objectives-title">
      <h2 id="objectives-title">Targets</h2>
      <p className="faint">
        The sweep finishes as soon as a run reaches {metrics.length === 1 ? "it" : "all of them"}.
      </p>
      <div className="fields">
        {metrics.map(({ name, goal }) => (
          <SettingField
            key={name}
            settingKey={targetKey(name)}
            label={
              <>
                Target of <bdi>{name}</bdi>
              </>
            }
            placeholder="none"
            inputMode="decimal"
            hint={goal === Goal.MAXIMIZE ? "At least this much." : "At most this much."}
          />
        ))}
      </div>
    </section>
  );
}

function Rules() {
  const suggestion = useClient(SuggestionService);
  const count = useCurrentSweep().spec?.metrics.length ?? 0;
  const { data } = useQuery({
    queryKey: ["algorithms"],
    queryFn: ({ signal }) => suggestion.listAlgorithms({}, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const algorithms = data?.algorithms ?? [];
  return (
    <section className="panel" aria-labelledby="rules-title">
      <h2 id="rules-title">Stopping</h2>
      {count !== 1 ? (
        <p className="faint">
          Early termination and terminators compare runs by exactly one metric; this sweep has{" "}
          {count === 0 ? "none" : count}.
        </p>
      ) : (
        <>
          <RuleField
            settingKey="stopping"
            label="Early termination"
            hint="Stops a run that is worse than the others before its end."
            algorithms={algorithms.filter(({ kind }) => kind === AlgorithmKind.PRUNER)}
          />
          <RuleField
            settingKey="terminator"
            label="Terminator"
            hint="Finishes the sweep when further runs are not worthwhile."
            algorithms={algorithms.filter(({ kind }) => kind === AlgorithmKind.TERMINATOR)}
          />
        </>
      )}
    </section>
  );
}
