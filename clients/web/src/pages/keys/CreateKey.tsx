import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useId, useState } from "react";
import { useServices } from "../../rpc/context";
import { newRequestId } from "../../rpc/requestId";
import {
  type Expiry,
  expiryMs,
  type KeyForm,
  type KeyProblems,
  keyRequest,
  NEW_KEY,
  ROLES,
} from "../../store/keyForm";
import { canMakeSecrets, keyText, newKeySecret } from "../../store/keySecret";
import { formatTime, zoneName } from "../../store/times";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { useCaller } from "../useCaller";
import { ProjectChoice } from "./ProjectChoice";

interface Props {
  readonly onMade: (key: { name: string; text: string }) => void;
  readonly onClose: () => void;
}

const EXPIRIES: Readonly<Record<Expiry, string>> = {
  "30": "in 30 days",
  "90": "in 90 days",
  "365": "in a year",
  at: "at a time …",
  never: "never",
};

/** Creates a key. Its secret is made here; the server gets the hash alone. */
export function CreateKey({ onMade, onClose }: Props) {
  const id = useId();
  const { keys, registry } = useServices();
  const cache = useQueryClient();
  const own = useCaller()?.key?.projects;
  const isBounded = own !== undefined && !own.includes("*");
  const [form, setForm] = useState<KeyForm>(NEW_KEY);
  const [wrong, setWrong] = useState<KeyProblems>({});
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const projects = useQuery({
    queryKey: ["projects"],
    queryFn: ({ signal }) => registry.listProjects({}, { signal }),
    enabled: !isBounded,
  });
  const change = (part: Partial<KeyForm>) => {
    setForm({ ...form, ...part });
    setWrong({});
  };
  // No mutation of the query cache, which would keep the secret.
  const create = async () => {
    const request = keyRequest(form, Date.now());
    if ("wrong" in request) {
      setWrong(request.wrong);
      return;
    }
    setBusy(true);
    setFailure(undefined);
    try {
      const { secret, sha256 } = await newKeySecret();
      const { key } = await keys.createKey({
        ...request,
        projects: [...request.projects],
        secretSha256: sha256,
        requestId: newRequestId(),
      });
      void cache.invalidateQueries({ queryKey: ["keys"] });
      if (key !== undefined) onMade({ name: key.name, text: keyText(key.keyId, secret) });
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void create();
  };
  const expires = expiryMs(form, Date.now());
  return (
    <section className="panel key-form" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>New key</h2>
      {!canMakeSecrets() && (
        <p className="at-fault">
          This browser makes secrets only on pages from TLS or from this machine. Use{" "}
          <code>wanllmdb key create</code> instead.
        </p>
      )}
      <form onSubmit={submit} autoComplete="off">
        <div className="field">
          <label htmlFor={`${id}-name`}>What it is for</label>
          <input
            id={`${id}-name`}
            value={form.name}
            placeholder="Agents of the cluster"
            // biome-ignore lint/a11y/noAutofocus: the user has just asked for this form
            autoFocus
            aria-invalid={wrong.name !== undefined}
            aria-describedby={`${id}-name-said`}
            onChange={(event) => change({ name: event.target.value })}
          />
          <Said id={`${id}-name-said`} text={wrong.name} />
        </div>
        <fieldset>
          <legend>Role</legend>
          {ROLES.map(({ role, name, allows }) => (
            <label key={name} className="with-box">
              <input
                type="radio"
                name={`${id}-role`}
                checked={form.role === role}
                onChange={() => change({ role })}
              />
              <span>
                <strong>{name}</strong> <span className="faint">{allows}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <ProjectChoice
          form={form}
          known={isBounded ? own : (projects.data?.projects.map(({ name }) => name) ?? [])}
          isBounded={isBounded}
          problem={wrong.projects}
          onChange={change}
        />
        <div className="filters key-expiry">
          <div className="field">
            <label htmlFor={`${id}-expiry`}>Expires</label>
            <select
              id={`${id}-expiry`}
              value={form.expiry}
              onChange={(event) => change({ expiry: event.target.value as Expiry })}
            >
              {Object.entries(EXPIRIES).map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </div>
          {form.expiry === "at" && (
            <div className="field">
              <label htmlFor={`${id}-at`}>Time ({zoneName()})</label>
              <input
                id={`${id}-at`}
                type="datetime-local"
                value={form.at}
                aria-invalid={wrong.at !== undefined}
                aria-describedby={`${id}-at-said`}
                onChange={(event) => change({ at: event.target.value })}
              />
              <Said id={`${id}-at-said`} text={wrong.at} />
            </div>
          )}
          {form.expiry !== "at" && expires !== undefined && (
            <span className="faint">
              {formatTime(expires)} ({zoneName()})
            </span>
          )}
        </div>
        {failure !== undefined && <ProblemNotice error={failure} onRetry={create} />}
        <div className="actions">
          <button type="submit" className="primary" disabled={isBusy || !canMakeSecrets()}>
            {isBusy ? "Creating …" : "Create the key"}
          </button>
          <button type="button" onClick={onClose}>
            Close
          </button>
        </div>
      </form>
    </section>
  );
}

/** What is wrong with a field. */
export function Said({ id, text }: { id: string; text: string | undefined }) {
  return (
    <span id={id} className="hint at-fault" role="alert">
      {text !== undefined && `✗ ${text}`}
    </span>
  );
}
