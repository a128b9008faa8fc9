import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Run, RunOrigin } from "../gen/wanllmdb/api/registry/v1/run_pb";
import { formatValue } from "./format";
import { parameterText } from "./parameterText";
import { csvLine } from "./runFiles";
import { runStateName } from "./runStates";
import { formatParameter } from "./sweeps";
import { formatSeconds } from "./times";

/** A value as people read it, and with all digits. */
export interface ComparedCell {
  readonly text: string;
  readonly exact: string;
}

/** One property of the compared runs. */
export interface ComparedRow {
  readonly name: string;
  /** A cell for each run; undefined where it has no value. */
  readonly cells: readonly (ComparedCell | undefined)[];
  /** Whether the runs differ in it. */
  readonly isDifferent: boolean;
}

export interface ComparedGroup {
  readonly title: string;
  readonly rows: readonly ComparedRow[];
}

/** Returns a run's value of each of the sweep's metrics, by name; those that it has. */
export function objectivesOf(run: Run, metrics: readonly string[]): [string, number][] {
  const values = run.objective === undefined ? run.objectives : [run.objective];
  return metrics.flatMap((name, index): [string, number][] => {
    const value = values[index];
    return value === undefined ? [] : [[name, value]];
  });
}

/**
 * Returns what runs have, side by side; groups without a row are left out.
 *
 * @param metrics The names of the sweep's metrics.
 */
export function compareRuns(runs: readonly Run[], metrics: readonly string[]): ComparedGroup[] {
  const groups: ComparedGroup[] = [
    { title: "Run", rows: aboutRows(runs) },
    {
      title: "Objectives",
      rows: mapRows(runs, (run) => Object.fromEntries(objectivesOf(run, metrics)), numberCell),
    },
    {
      title: "Parameters",
      rows: mapRows(runs, ({ parameters }) => parameters, parameterCell),
    },
    { title: "Last values of metrics", rows: mapRows(runs, ({ summary }) => summary, numberCell) },
    {
      title: "Config that the program added",
      rows: mapRows(runs, ({ config }) => config, parameterCell),
    },
    { title: "Labels", rows: mapRows(runs, ({ labels }) => labels, textCell) },
  ];
  return groups.filter(({ rows }) => rows.length > 0);
}

/** Returns the comparison as CSV: a line for each property, a column for each run. */
export function comparisonCsv(runs: readonly Run[], metrics: readonly string[]): string {
  const head = csvLine(["group", "name", ...runs.map(({ number }) => `run ${number ?? 0n}`)]);
  const lines = compareRuns(runs, metrics).flatMap(({ title, rows }) =>
    rows.map(({ name, cells }) =>
      csvLine([title, name, ...cells.map((cell) => cell?.exact ?? "")]),
    ),
  );
  return [head, ...lines].join("");
}

function aboutRows(runs: readonly Run[]): ComparedRow[] {
  const rows: [string, (run: Run) => ComparedCell | undefined][] = [
    ["State", ({ state }) => textCell(runStateName(state) ?? "unknown")],
    ["Duration", durationCell],
    ["Last step", ({ lastStep }) => (lastStep === undefined ? undefined : bigCell(lastStep))],
    ["Name", ({ name }) => someText(name)],
    ["Agent", ({ agentId }) => someText(agentId)],
    ["Attempts", ({ attempt }) => textCell(String(attempt))],
    [
      "Chosen by",
      ({ origin }) => textCell(origin === RunOrigin.ENQUEUED ? "a user" : "the sampler"),
    ],
    ["Error", ({ error }) => someText(error?.message ?? "")],
  ];
  return rows
    .map(([name, cellOf]) => rowOf(name, runs.map(cellOf)))
    .filter(({ cells }) => cells.some((cell) => cell !== undefined));
}

function mapRows<T>(
  runs: readonly Run[],
  mapOf: (run: Run) => Record<string, T>,
  cellOf: (value: T) => ComparedCell,
): ComparedRow[] {
  const maps = runs.map((run) => new Map(Object.entries(mapOf(run))));
  const names = new Set(maps.flatMap((map) => [...map.keys()]));
  const sorted = [...names].sort((one, other) => one.localeCompare(other));
  return sorted.map((name) => {
    const cells = maps.map((map) => {
      const value = map.get(name);
      return value === undefined ? undefined : cellOf(value);
    });
    return rowOf(name, cells);
  });
}

function rowOf(name: string, cells: readonly (ComparedCell | undefined)[]): ComparedRow {
  const [first] = cells;
  return { name, cells, isDifferent: cells.some((cell) => cell?.exact !== first?.exact) };
}

function durationCell({ startTime, endTime }: Run): ComparedCell | undefined {
  if (startTime === undefined || endTime === undefined) return undefined;
  const seconds = (timestampMs(endTime) - timestampMs(startTime)) / 1000;
  return { text: formatSeconds(seconds), exact: String(seconds) };
}

function parameterCell(value: Parameters<typeof formatParameter>[0]): ComparedCell {
  return { text: formatParameter(value), exact: parameterText(value) };
}

function numberCell(value: number): ComparedCell {
  return { text: formatValue(value), exact: String(value) };
}

function bigCell(value: bigint): ComparedCell {
  return { text: formatValue(Number(value)), exact: String(value) };
}

function textCell(text: string): ComparedCell {
  return { text, exact: text };
}

function someText(text: string): ComparedCell | undefined {
  return text === "" ? undefined : textCell(text);
}
