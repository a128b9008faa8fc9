import { Fragment, useMemo } from "react";
import type { Sweep } from "../../gen/wanllmdb/api/registry/v1/sweep_pb";
import { type ConfigRow, compareConfigs, configText, uncommonItems } from "../../store/configDiff";
import { type ConfigValue, configEntries, SECTIONS } from "../../store/configEntries";
import { formatCount } from "../../store/format";
import { Mark } from "./CoursePlot";

interface Props {
  readonly sweeps: readonly Sweep[];
  readonly ids: readonly string[];
  readonly isAll: boolean;
  readonly onAll: (isAll: boolean) => void;
}

/** The configs of sweeps beside each other: the keys that differ, and all on demand. */
export function ConfigDiff({ sweeps, ids, isAll, onAll }: Props) {
  const rows = useMemo(() => compareConfigs(sweeps.map(configEntries)), [sweeps]);
  const different = rows.filter(({ isDifferent }) => isDifferent);
  const shown = isAll ? rows : different;
  return (
    <>
      <div className="toolbar">
        <span aria-live="polite">
          <strong>{formatCount(different.length)}</strong> of {formatCount(rows.length)} keys differ
        </span>
        <label>
          <input type="checkbox" checked={isAll} onChange={({ target }) => onAll(target.checked)} />{" "}
          Show all keys
        </label>
      </div>
      {shown.length === 0 ? (
        <p className="faint">
          {sweeps.length < 2 ? "Add another sweep to see what differs." : "The configs are equal."}
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        <section className="table-scroll config-diff" aria-label="Configs by key" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Key</th>
                {sweeps.map(({ sweepId, name }) => (
                  <th key={sweepId} scope="col">
                    <Mark place={ids.indexOf(sweepId)} />{" "}
                    <bdi className="clipped" title={name}>
                      {name || sweepId}
                    </bdi>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {SECTIONS.map((section) => {
                const own = shown.filter((row) => row.section === section);
                if (own.length === 0) return null;
                return (
                  <Fragment key={section}>
                    <tr className="config-section">
                      <th scope="rowgroup" colSpan={sweeps.length + 1}>
                        {section}
                      </th>
                    </tr>
                    {own.map((row) => (
                      <Row key={`${row.subject}\n${row.name}`} row={row} sweeps={sweeps} />
                    ))}
                  </Fragment>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
    </>
  );
}

function Row({ row, sweeps }: { row: ConfigRow; sweeps: readonly Sweep[] }) {
  const uncommon = uncommonItems(row);
  return (
    <tr className={row.isDifferent ? "config-different" : undefined}>
      <th scope="row">
        {row.subject !== "" && (
          <>
            <bdi className="clipped" title={row.subject}>
              {row.subject}
            </bdi>{" "}
          </>
        )}
        <span className="faint">{row.name}</span>
        {row.isDifferent && <span className="visually-hidden">, different</span>}
      </th>
      {row.values.map((value, index) => (
        <td key={sweeps[index]?.sweepId} className={value === undefined ? "faint" : undefined}>
          <Value value={value} uncommon={uncommon} />
        </td>
      ))}
    </tr>
  );
}

/** A value; of a list, the items that not every sweep has are marked. */
function Value({
  value,
  uncommon,
}: {
  value: ConfigValue | undefined;
  uncommon: ReadonlySet<string>;
}) {
  if (value === undefined) return "not set";
  if (typeof value === "string") return <bdi>{value}</bdi>;
  if (uncommon.size === 0) return <bdi>{configText(value)}</bdi>;
  return value.map((item, index) => (
    <Fragment key={`${index} ${item}`}>
      {index > 0 && ", "}
      {uncommon.has(item) ? (
        <mark title="Not every sweep has this value">{item}</mark>
      ) : (
        <span>{item}</span>
      )}
    </Fragment>
  ));
}
