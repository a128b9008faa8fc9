import { alert, charts, type Place, testPlaces, text } from "../harness/places";
import { describe, inject } from "../harness/test";

const { digits, empty, hyperband, odd } = inject("seeded");

const PLACES: readonly Place[] = [
  { name: "sweeps", path: () => "/sweeps", shown: (page) => text(page, "digits-hyperband") },
  {
    name: "no sweeps",
    path: () => "/sweeps?project=nosuch",
    shown: (page) => text(page, "No sweep matches"),
  },
  {
    name: "sweeps that can't be read",
    path: () => "/sweeps",
    failing: "**/WatchSweeps",
    shown: alert,
  },
  {
    name: "a new sweep",
    path: () => "/sweeps/new",
    shown: (page) => text(page, /The config is valid/),
  },
  {
    name: "a new sweep with problems",
    path: () => "/sweeps/new",
    shown: async (page) => {
      await page.locator(".cm-content").focus();
      await page.keyboard.press("ControlOrMeta+End");
      await page.keyboard.type("run_cap: -1");
      await text(page, /run_cap/);
    },
  },
  {
    name: "a comparison",
    path: () => `/compare?config=all&ids=${digits},${hyperband},${odd},${empty},nosuch00`,
    shown: charts,
  },
  {
    name: "a comparison of nothing",
    path: () => "/compare",
    shown: async (page) => {
      await page.getByRole("combobox", { name: "Add a sweep" }).focus();
      await page.getByRole("option").first().waitFor();
    },
  },
  {
    name: "a comparison that fails",
    path: () => `/compare?ids=${digits},${hyperband}`,
    failing: "**/*AnalysisService/*",
    shown: alert,
  },
  {
    name: "sign-in that is not needed",
    path: () => "/login",
    shown: (page) => text(page, /requires no keys/),
  },
  {
    name: "templates",
    path: () => "/templates",
    shown: (page) => page.getByRole("heading", { level: 1 }).waitFor(),
  },
  {
    name: "a new template",
    path: () => "/new-template",
    shown: (page) => page.getByRole("heading", { level: 1 }).waitFor(),
  },
  {
    name: "keys that are not required",
    path: () => "/keys",
    shown: (page) => text(page, /requires no keys/),
  },
  {
    name: "shortcuts",
    path: () => "/sweeps",
    shown: async (page) => {
      await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "no page",
    path: () => "/nosuch",
    shown: (page) => text(page, "There is no such page"),
  },
];

describe("the other pages are accessible", () => testPlaces(PLACES));
