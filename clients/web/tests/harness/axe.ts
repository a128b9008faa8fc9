import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Returns what is wrong with a page for people who see, hear or move otherwise: rule and place. */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(source);
  const results = await page.evaluate(
    (tags): Promise<AxeResults> =>
      Reflect.get(window, "axe").run(document, { runOnly: { type: "tag", values: tags } }),
    RULES,
  );
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => {
      const reason = failureSummary?.split("\n")[1]?.trim();
      return `${id} (${help}) at ${target.join(" ")}: ${reason}`;
    }),
  );
}
