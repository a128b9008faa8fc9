import { alert, type Place, testPlaces, text } from "../harness/places";
import { describe } from "../harness/test";

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
  { name: "sign-in", path: () => "/login", shown: (page) => page.getByLabel("API key").waitFor() },
  {
    name: "no page",
    path: () => "/nosuch",
    shown: (page) => text(page, "There is no such page"),
  },
];

describe("the other pages are accessible", () => testPlaces(PLACES));
