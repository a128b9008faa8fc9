import { chartOf } from "../harness/look";
import { alert, charts, type Place, testPlaces, text } from "../harness/places";
import { describe, inject } from "../harness/test";

const { digits, empty, failed, odd, threeMetrics, twoMetrics } = inject("seeded");

const PLACES: readonly Place[] = [
  { name: "overview", path: () => `/sweeps/${digits}`, shown: charts },
  { name: "overview of several metrics", path: () => `/sweeps/${threeMetrics}`, shown: charts },
  { name: "overview without runs", path: () => `/sweeps/${empty}`, shown: charts },
  { name: "overview with odd names", path: () => `/sweeps/${odd}`, shown: charts },
  {
    name: "overview whose charts fail",
    path: () => `/sweeps/${digits}`,
    failing: "**/*AnalysisService/*",
    shown: alert,
  },
  { name: "a sweep that is not there", path: () => "/sweeps/nosuch00", shown: alert },
  {
    name: "runs",
    path: () => `/sweeps/${digits}/runs`,
    shown: (page) => text(page, "72 of 72 runs"),
  },
  {
    name: "runs with a filter",
    path: () =>
      `/sweeps/${digits}/runs?where=${encodeURIComponent('[{"key":"parameter:optimizer"},{"key":"parameter:learning_rate","min":0.001}]')}`,
    shown: (page) =>
      page
        .getByRole("button", { name: /^Remove the filter/ })
        .first()
        .waitFor(),
  },
  {
    name: "a failed run",
    path: () => `/sweeps/${failed}/runs?run=0`,
    shown: (page) => text(page, /raise ValueError/),
  },
  {
    name: "a run to enqueue",
    path: () => `/sweeps/${digits}/runs?run=0`,
    shown: async (page) => {
      await page.getByRole("button", { name: "Enqueue like this" }).click();
      await page.getByRole("button", { name: "Enqueue", exact: true }).waitFor();
    },
  },
  {
    name: "runs with odd names",
    path: () => `/sweeps/${odd}/runs`,
    shown: (page) => text(page, "20 of 20 runs"),
  },
  {
    name: "no runs",
    path: () => `/sweeps/${empty}/runs`,
    shown: (page) => text(page, "No runs yet"),
  },
  {
    name: "runs that can't be read",
    path: () => `/sweeps/${digits}/runs`,
    failing: "**/ReadRunColumns",
    shown: alert,
  },
  {
    name: "parallel",
    path: () => `/sweeps/${digits}/parallel`,
    shown: (page) => text(page, "72 of 72 runs"),
  },
  {
    name: "parallel without runs",
    path: () => `/sweeps/${empty}/parallel`,
    shown: (page) => text(page, /no runs yet/i),
  },
  {
    name: "parallel of several metrics",
    path: () => `/sweeps/${twoMetrics}/parallel`,
    shown: (page) => text(page, "30 of 30 runs"),
  },
  { name: "analysis", path: () => `/sweeps/${digits}/analysis`, shown: charts },
  { name: "analysis without runs", path: () => `/sweeps/${empty}/analysis`, shown: charts },
  {
    name: "analysis that fails",
    path: () => `/sweeps/${digits}/analysis`,
    failing: "**/*AnalysisService/*",
    shown: async (page) => {
      await chartOf(page, "Importance: fANOVA");
      await alert(page);
    },
  },
  {
    name: "Pareto front",
    path: () => `/sweeps/${twoMetrics}/pareto?color=parameter%3Acriterion`,
    shown: charts,
  },
  {
    name: "Pareto front of three metrics with a filter",
    path: () =>
      `/sweeps/${threeMetrics}/pareto?where=${encodeURIComponent('[{"key":"objective:leaves","max":1000}]')}`,
    shown: charts,
  },
  {
    name: "Pareto front of one metric",
    path: () => `/sweeps/${digits}/pareto`,
    shown: (page) => text(page, "This sweep has one metric or none"),
  },
  {
    name: "settings",
    path: () => `/sweeps/${digits}/settings`,
    shown: (page) => page.getByLabel("Run cap").waitFor(),
  },
  {
    name: "compared runs",
    path: () => `/sweeps/${digits}/runs?compare=${encodeURIComponent("[0,1]")}`,
    shown: (page) => text(page, "Compare 2 runs"),
  },
  {
    name: "the question before a sweep is finished",
    path: () => `/sweeps/${empty}`,
    shown: async (page) => {
      await page.getByRole("button", { name: "Finish", exact: true }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
];

describe("the pages of a sweep are accessible", () => testPlaces(PLACES));
