import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useServices } from "../../rpc/context";
import { keyState } from "../../store/keyForm";
import { ActionButton } from "../../ui/ActionButton";
import { ProblemNotice } from "../../ui/ProblemNotice";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { useCaller, useWhyNot } from "../useCaller";
import { CreateKey } from "./CreateKey";
import { KeyTable } from "./KeyTable";
import { NewKey } from "./NewKey";
import "./keys.css";

const route = getRouteApi("/keys");

const PAGE_SIZE = 1_000;

/** Lists, creates and revokes API keys. */
export function KeysPage() {
  useTitle("Keys");
  const { keys } = useServices();
  const caller = useCaller();
  const refusal = useWhyNot("manage-keys");
  const { all = false } = route.useSearch();
  const navigate = useNavigate();
  const now = useNow(30_000);
  const [isCreating, setCreating] = useState(false);
  // In the state of this component alone, so that it is gone with the page.
  const [made, setMade] = useState<{ name: string; text: string }>();
  const mayList = caller?.keysRequired === true && refusal === undefined;
  const query = useInfiniteQuery({
    queryKey: ["keys"],
    queryFn: ({ signal, pageParam }) =>
      keys.listKeys({ pageSize: PAGE_SIZE, pageToken: pageParam }, { signal }),
    initialPageParam: "",
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
    enabled: mayList,
  });
  if (caller?.keysRequired === false) return <NoKeys />;
  const listed = query.data?.pages.flatMap((page) => page.keys) ?? [];
  const shown = all ? listed : listed.filter((key) => keyState(key, now) === "active");
  return (
    <>
      <div className="title-row">
        <h1>Keys</h1>
        <span className="faint" aria-live="polite">
          {query.isSuccess && `${shown.length} of ${listed.length}${query.hasNextPage ? "+" : ""}`}
        </span>
        <span className="spacer" />
        <ActionButton
          className="primary"
          refusal={refusal}
          aria-expanded={isCreating}
          onClick={() => {
            setMade(undefined);
            setCreating(!isCreating);
          }}
        >
          New key
        </ActionButton>
      </div>
      {refusal !== undefined && <p className="panel">You can't see the keys. {refusal}</p>}
      {made !== undefined && <NewKey {...made} onDone={() => setMade(undefined)} />}
      {isCreating && (
        <CreateKey
          onMade={(key) => {
            setMade(key);
            setCreating(false);
          }}
          onClose={() => setCreating(false)}
        />
      )}
      {query.isError && <ProblemNotice error={query.error} onRetry={() => query.refetch()} />}
      {mayList && query.isPending && <p className="faint">Loading …</p>}
      {query.isSuccess && (
        <>
          <div className="toolbar">
            <label className="with-box">
              <input
                type="checkbox"
                checked={all}
                onChange={(event) =>
                  navigate({
                    to: "/keys",
                    search: event.target.checked ? { all: true } : {},
                    replace: true,
                  })
                }
              />
              Show expired and revoked keys
            </label>
          </div>
          {shown.length > 0 ? (
            <KeyTable keys={shown} now={now} ownKeyId={caller?.key?.keyId} />
          ) : (
            <p className="panel">
              There is no {all ? "" : "active "}key. Create one for each agent, program and person,
              so that each can be revoked alone.
            </p>
          )}
          {query.hasNextPage && (
            <p>
              <button
                type="button"
                disabled={query.isFetchingNextPage}
                onClick={() => query.fetchNextPage()}
              >
                Show more
              </button>
            </p>
          )}
        </>
      )}
    </>
  );
}

function NoKeys() {
  return (
    <>
      <h1>Keys</h1>
      <p className="panel keys-off">
        This server requires no keys: everybody who reaches it may do everything. Start it with{" "}
        <code>wanllmdb up --require-keys</code> to change that.
      </p>
    </>
  );
}
