import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll } from "vitest";
import { REPOSITORY } from "../harness/platform";
import { describe, expect, test } from "../harness/test";
import { type Measured, print, sized } from "./budget";

const STATIC = join(REPOSITORY, "services/wanllmdb_gateway/static");
const rows: Measured[] = [];

afterAll(() => {
  if (rows.length > 0) print(rows);
});

/** The scripts of the build, each with the ones that it loads at once. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(STATIC, "assets", file), "utf8");
  const found = [...source.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)];
  return found.map(([, name]) => name ?? "");
}

function closure(files: readonly string[], without: ReadonlySet<string> = new Set()): Set<string> {
  const all = new Set<string>();
  const add = (file: string) => {
    if (all.has(file) || without.has(file)) return;
    all.add(file);
    for (const next of importsOf(file)) add(next);
  };
  for (const file of files) add(file);
  return all;
}

function kilobytes(files: Iterable<string>): number {
  let bytes = 0;
  for (const file of files) bytes += gzipSync(readFileSync(join(STATIC, "assets", file))).length;
  return bytes / 1000;
}

/** The scripts that the page itself names. */
function first(): Set<string> {
  const page = readFileSync(join(STATIC, "index.html"), "utf8");
  return closure([...page.matchAll(/assets\/([\w.-]+\.js)/g)].map(([, name]) => name ?? ""));
}

function named(prefix: string): string[] {
  return readdirSync(join(STATIC, "assets")).filter(
    (file) => file.startsWith(`${prefix}-`) && file.endsWith(".js"),
  );
}

describe("the scripts of the page, compressed", () => {
  test("the first load", () => {
    rows.push(sized("scripts of the first load", 180, kilobytes(first()), "kB"));
    expect(rows.at(-1)?.isPast).toBe(false);
  });

  test.for(["RunsPage", "ParallelPage", "AnalysisPage", "OverviewCharts"])("%s", (route) => {
    const files = closure(named(route), first());
    expect(files.size).toBeGreaterThan(0);
    rows.push(sized(`scripts of ${route}`, 80, kilobytes(files), "kB"));
    expect(rows.at(-1)?.isPast).toBe(false);
  });

  test("the editor of a config", () => {
    const files = closure(named("CreatePage"), first());
    rows.push(sized("scripts of CreatePage", 140, kilobytes(files), "kB"));
    expect(rows.at(-1)?.isPast).toBe(false);
  });
});
