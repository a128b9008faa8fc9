import type { MessageInitShape } from "@bufbuild/protobuf";
import { type RunColumnKeySchema, RunField } from "../gen/wanllmdb/api/registry/v1/run_columns_pb";
import type { SweepSpec } from "../gen/wanllmdb/api/registry/v1/sweep_pb";
import { NAME_KEY } from "./runTable";

export type ColumnKey = MessageInitShape<typeof RunColumnKeySchema>;

/** The most columns of one read. */
const MOST_COLUMNS = 1_000;

const FIELDS = [
  RunField.AGENT_ID,
  RunField.ORIGIN,
  RunField.ATTEMPT,
  RunField.LAST_STEP,
  RunField.CREATE_TIME,
  RunField.START_TIME,
  RunField.END_TIME,
  RunField.DURATION,
  RunField.ERROR_MESSAGE,
];

/** Returns the columns to read for a sweep: what every table has, and what was requested. */
export function columnKeys(
  spec: SweepSpec | undefined,
  requested: ReadonlySet<string>,
): ColumnKey[] {
  const names = {
    objective: spec?.metrics.map(({ name }) => name) ?? [],
    parameter: spec?.searchSpace?.parameters.map(({ name }) => name) ?? [],
    summary: namesOf(requested, "summary"),
    label: namesOf(requested, "label"),
  };
  const named = (["objective", "parameter", "summary", "label"] as const).flatMap((kind) =>
    names[kind].map((value) => ({ key: { case: kind, value } })),
  );
  const wanted = requested.has(NAME_KEY) ? [RunField.NAME, ...FIELDS] : FIELDS;
  const fields = wanted.map((value) => ({ key: { case: "field" as const, value } }));
  return [...named.slice(0, MOST_COLUMNS - fields.length), ...fields];
}

function namesOf(requested: ReadonlySet<string>, kind: "summary" | "label"): string[] {
  const start = `${kind}:`;
  return [...requested]
    .filter((key) => key.startsWith(start))
    .map((key) => key.slice(start.length));
}
