import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults, RunOnly } from "axe-core";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const ALL: RunOnly = {
  type: "tag",
  values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
};
const OF_COLOURS: RunOnly = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

/**
 * Returns what is wrong with a page for people who see, hear or move otherwise: rule and place.
 *
 * @param isRecoloured Whether the page differs by its colours alone from one that was checked.
 */
export async function violationsOf(page: Page, isRecoloured = false): Promise<string[]> {
  if (!isRecoloured) await page.evaluate(source);
  const results = await page.evaluate(
    (runOnly): Promise<AxeResults> => Reflect.get(window, "axe").run(document, { runOnly }),
    isRecoloured ? OF_COLOURS : ALL,
  );
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => {
      const reason = failureSummary?.split("\n")[1]?.trim();
      return `${id} (${help}) at ${target.join(" ")}: ${reason}`;
    }),
  );
}
