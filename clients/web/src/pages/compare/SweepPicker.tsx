import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useId, useState } from "react";
import { SweepView } from "../../gen/wanllmdb/api/registry/v1/sweep_list_pb";
import { useServices } from "../../rpc/context";
import { describeProblem } from "../../rpc/problems";
import { formatCount } from "../../store/format";
import { StateBadge } from "../../ui/StateBadge";

interface Props {
  readonly chosen: readonly string[];
  /** Why no more sweeps can be added. */
  readonly whyFull: string | undefined;
  readonly onAdd: (sweepId: string) => void;
}

const MOST_SHOWN = 8;

/** A field that finds sweeps by name, id or description and adds one of them. */
export function SweepPicker({ chosen, whyFull, onAdd }: Props) {
  const id = useId();
  const { registry } = useServices();
  const [text, setText] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [cursor, setCursor] = useState(0);
  const query = useSettled(text.trim());
  const found = useQuery({
    queryKey: ["sweeps to compare", query],
    queryFn: ({ signal }) =>
      registry.listSweeps(
        {
          filter: { query },
          view: SweepView.BASIC,
          pageSize: MOST_SHOWN + chosen.length,
          includeTotalCount: true,
        },
        { signal },
      ),
    enabled: isOpen && whyFull === undefined,
    staleTime: 10_000,
    placeholderData: (before) => before,
  });
  const sweeps = (found.data?.sweeps ?? [])
    .filter(({ sweepId }) => !chosen.includes(sweepId))
    .slice(0, MOST_SHOWN);
  const active = Math.min(cursor, sweeps.length - 1);
  const add = (sweepId: string | undefined) => {
    if (sweepId === undefined) return;
    onAdd(sweepId);
    setText("");
    setCursor(0);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const actions: Record<string, () => void> = {
      ArrowDown: () =>
        isOpen ? setCursor(Math.min(active + 1, sweeps.length - 1)) : setOpen(true),
      ArrowUp: () => setCursor(Math.max(active - 1, 0)),
      Enter: () => isOpen && add(sweeps[active]?.sweepId),
      Escape: () => setOpen(false),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  const total = Number(found.data?.totalCount ?? 0n);
  const said = found.isError
    ? describeProblem(found.error).text
    : sweeps.length > 0 || found.isPending
      ? ""
      : query === ""
        ? "There are no other sweeps."
        : `No other sweep has “${query}” in its name, id or description.`;
  const isShown = isOpen && whyFull === undefined;
  return (
    <div className="sweep-picker field">
      <label htmlFor={id}>Add a sweep</label>
      <input
        id={id}
        type="text"
        role="combobox"
        autoComplete="off"
        placeholder="name or id"
        aria-expanded={isShown && sweeps.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isShown && active >= 0 ? `${id}-${active}` : undefined}
        aria-describedby={`${id}-said`}
        disabled={whyFull !== undefined}
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          setOpen(true);
          setCursor(0);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      <span id={`${id}-said`} className="hint" role="status">
        {whyFull ?? (isShown ? said : "")}
      </span>
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label="Sweeps"
        className="sweep-options"
        hidden={!isShown || sweeps.length === 0}
      >
        {sweeps.map((sweep, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: the field has the keys
          <div
            key={sweep.sweepId}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            // The field must not lose the focus before the click.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => add(sweep.sweepId)}
          >
            <span className="clipped" dir="auto">
              {sweep.name || sweep.sweepId}
            </span>
            <span className="faint">
              {sweep.project} ·{" "}
              {sweep.spec?.metrics.map(({ name }) => name).join(", ") || "no metric"} ·{" "}
              {formatCount(sweep.stats?.totalRuns ?? 0n)} runs
            </span>
            <StateBadge state={sweep.state} />
          </div>
        ))}
        {total > sweeps.length + chosen.length && (
          <p className="hint">Type more of the name to see others.</p>
        )}
      </div>
    </div>
  );
}

/** Returns a text once it has not changed for a moment, so that each letter is no call. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 200);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
