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
    shown: (page) => text(page, "The config is valid"),
  },
  {
    name: "a new sweep with problems",
    path: () => "/sweeps/new",
    shown: async (page) => {
      await page.getByLabel(/^Config/).fill("method: random\nparameters: {x: {min: 2, max: 1}}\n");
      await text(page, /parameters\.x/);
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
  { name: "sign-in", path: () => "/login", shown: (page) => page.getByLabel("API key").waitFor() },
  {
    name: "no page",
    path: () => "/nosuch",
    shown: (page) => text(page, "There is no such page"),
  },
];

describe("the other pages are accessible", () => testPlaces(PLACES));
