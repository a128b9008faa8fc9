import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults, RunOnly } from "axe-core";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const ALL: RunOnly = {
  type: "tag",
  values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
};
const OF_COLORS: RunOnly = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

/**
 * Returns what is wrong with a page for people who see, hear or move otherwise: rule and place.
 *
 * @param isRecolored Whether the page differs by its colors alone from one that was checked.
 */
export async function violationsOf(page: Page, isRecolored = false): Promise<string[]> {
  if (!isRecolored) await page.evaluate(source);
  const results = await page.evaluate(
    (runOnly): Promise<AxeResults> => Reflect.get(window, "axe").run(document, { runOnly }),
    isRecolored ? OF_COLORS : ALL,
  );
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => {
      const reason = failureSummary?.split("\n")[1]?.trim();
      return `${id} (${help}) at ${target.join(" ")}: ${reason}`;
    }),
  );
}
