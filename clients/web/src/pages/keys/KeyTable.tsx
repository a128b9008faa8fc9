import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { ApiKey } from "../../gen/wanllmdb/api/registry/v1/key_service_pb";
import { useServices } from "../../rpc/context";
import { newRequestId } from "../../rpc/requestId";
import { formatAge, formatDuration } from "../../store/format";
import { type KeyState, keyState } from "../../store/keyForm";
import { roleName } from "../../store/permissions";
import { formatTime, zoneName } from "../../store/times";
import { ConfirmDialog } from "../../ui/ConfirmDialog";
import { ProblemNotice } from "../../ui/ProblemNotice";

interface Props {
  readonly keys: readonly ApiKey[];
  readonly now: number;
  /** The key that this page uses. */
  readonly ownKeyId: string | undefined;
}

/** The keys, newest first; an active one can be revoked. */
export function KeyTable({ keys, now, ownKeyId }: Props) {
  const services = useServices();
  const cache = useQueryClient();
  const [asked, setAsked] = useState<ApiKey>();
  const revocation = useMutation({
    mutationFn: (keyId: string) => services.keys.revokeKey({ keyId, requestId: newRequestId() }),
    onSettled: () => cache.invalidateQueries({ queryKey: ["keys"] }),
  });
  return (
    <>
      {revocation.isError && (
        <ProblemNotice error={revocation.error} onRetry={() => revocation.reset()} />
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="table-scroll keys-scroll" aria-label="Keys" tabIndex={0}>
        <table className="keys">
          <caption className="visually-hidden">API keys; times in {zoneName()}</caption>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">State</th>
              <th scope="col">Role</th>
              <th scope="col">Projects</th>
              <th scope="col">Created</th>
              <th scope="col">Expires</th>
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {keys.map((key) => {
              const state = keyState(key, now);
              return (
                <tr key={key.keyId} className={state === "active" ? undefined : "faint"}>
                  <td className="name">
                    <bdi>{key.name || "without a name"}</bdi>
                    {key.keyId === ownKeyId && " (the key that you use)"}
                    <div className="faint">
                      <code>{key.keyId}</code>
                    </div>
                  </td>
                  <td>
                    <State state={state} revoked={key.revokeTime} now={now} />
                  </td>
                  <td>{roleName(key.role)}</td>
                  <td className="projects">
                    {key.projects.includes("*") ? "all" : key.projects.join(", ")}
                  </td>
                  <td>
                    {timeText(key.createTime)}
                    <div className="faint">
                      {formatAge(key.createTime, now)}
                      {key.creatorKeyId !== "" && ` by ${key.creatorKeyId}`}
                    </div>
                  </td>
                  <td>{expiryText(key.expireTime, state, now)}</td>
                  <td>
                    {state === "active" && (
                      <button
                        type="button"
                        className="danger"
                        aria-label={`Revoke ${key.name || key.keyId}`}
                        disabled={revocation.isPending}
                        onClick={() => setAsked(key)}
                      >
                        Revoke
                      </button>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      <p className="faint">Times in {zoneName()}. Newest first.</p>
      {asked !== undefined && (
        <ConfirmDialog
          question={`Revoke ${asked.name || asked.keyId}?`}
          confirm="Revoke the key"
          isDangerous
          onAnswer={(isConfirmed) => {
            setAsked(undefined);
            if (isConfirmed) revocation.mutate(asked.keyId);
          }}
        >
          <p>
            Its users are rejected within seconds: agents with it stop at their next call. This
            can't be undone.
          </p>
          {asked.keyId === ownKeyId && (
            <p>
              <strong>It is the key that you use: you will be signed out.</strong>
            </p>
          )}
        </ConfirmDialog>
      )}
    </>
  );
}

const SIGNS: Record<KeyState, string> = { active: "✓", expired: "–", revoked: "✗" };

function State({
  state,
  revoked,
  now,
}: {
  state: KeyState;
  revoked: Timestamp | undefined;
  now: number;
}) {
  return (
    <>
      <span className={`key-state key-${state}`} aria-hidden="true">
        {SIGNS[state]}
      </span>{" "}
      {state}
      {state === "revoked" && <div className="faint">{formatAge(revoked, now)}</div>}
    </>
  );
}

function timeText(time: Timestamp | undefined): string {
  return time === undefined ? "" : formatTime(timestampMs(time));
}

function expiryText(time: Timestamp | undefined, state: KeyState, now: number) {
  if (time === undefined) return "never";
  return (
    <>
      {timeText(time)}
      {state === "active" && (
        <div className="faint">in {formatDuration(timestampMs(time) - now)}</div>
      )}
    </>
  );
}
