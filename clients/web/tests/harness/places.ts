import type { Page } from "playwright-core";
import { violationsOf } from "./axe";
import { eventually, expect, test } from "./test";

/** A page in one of its states: full, empty or failed. */
export interface Place {
  readonly name: string;
  readonly path: () => string;
  /** Waits until the page shows what is checked. */
  readonly shown: (page: Page) => Promise<unknown>;
  /** The calls that fail, for the error that the page shows then. */
  readonly failing?: string;
}

/** Defines a test for each place: it must be accessible in light and in dark colors. */
export function testPlaces(places: readonly Place[]): void {
  test.for(places)("$name", async ({ path, shown, failing }, { page, faults }) => {
    faults.allow(/^answer (400|404|500): /);
    if (failing !== undefined) {
      await page.route(failing, (route) => route.fulfill({ status: 500, body: "" }));
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto(path());
    await shown(page);
    expect(await violationsOf(page), "in light colors").toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await violationsOf(page, true), "in dark colors").toEqual([]);
  });
}

/** Waits for a text. */
export function text(page: Page, wanted: string | RegExp): Promise<void> {
  return page.getByText(wanted).first().waitFor();
}

/** Waits for the notice of a problem. */
export function alert(page: Page): Promise<void> {
  return page.getByRole("alert").first().waitFor();
}

/** Waits until all charts are drawn; each is made when it comes near the screen. */
export async function charts(page: Page): Promise<void> {
  await page.locator("section.chart").first().waitFor();
  const pending = page.locator(".skeleton");
  await eventually(async () => {
    const count = await pending.count();
    if (count > 0) {
      await pending
        .last()
        .scrollIntoViewIfNeeded({ timeout: 1_000 })
        .catch(() => undefined);
      await pending
        .first()
        .scrollIntoViewIfNeeded({ timeout: 1_000 })
        .catch(() => undefined);
    }
    return count;
  }, 90_000).toBe(0);
}
