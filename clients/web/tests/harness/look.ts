import { text } from "node:stream/consumers";
import type { Locator, Page } from "playwright-core";

/** Returns the text of the file that the page gives when something is done. */
export async function downloadOf(page: Page, act: () => Promise<unknown>): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent("download"), act()]);
  return text(await file.createReadStream());
}

/** Returns the rows of a CSV file without quoted line breaks, each by the names of its columns. */
export function csvRows(csv: string): Record<string, string>[] {
  const [head = [], ...rows] = csv
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));
  return rows.map((row) => Object.fromEntries(head.map((name, index) => [name, row[index] ?? ""])));
}

/** Returns the panel of a chart, brought near the screen, where it is made. */
export async function chartOf(page: Page, title: string): Promise<Locator> {
  const panel = page.getByRole("region", { name: title, exact: true });
  await panel.scrollIntoViewIfNeeded();
  return panel;
}

/** Returns how many colors the canvases in an element have; an empty drawing has one or none. */
export async function colorsOf(element: Locator): Promise<number> {
  return element.evaluate((root) => {
    const colors = new Set<number>();
    for (const canvas of root.querySelectorAll("canvas")) {
      const copy = document.createElement("canvas");
      copy.width = canvas.width;
      copy.height = canvas.height;
      const context = copy.getContext("2d");
      if (context === null || canvas.width === 0 || canvas.height === 0) continue;
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, copy.width, copy.height);
      for (const pixel of new Uint32Array(data.buffer)) colors.add(pixel);
    }
    return colors.size;
  });
}
