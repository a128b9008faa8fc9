import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
  Navigate,
  type RouterHistory,
} from "@tanstack/react-router";
import { parseCompareSearch } from "../store/compareSearch";
import { parseParallelSearch } from "../store/parallelSearch";
import { parseParetoSearch } from "../store/paretoSearch";
import { parseRunFilterSearch } from "../store/runFilter";
import { parseCreateSearch } from "./create/search";
import { parseKeysSearch } from "./keys/search";
import { Shell } from "./Shell";
import { parseAnalysisSearch } from "./sweep/analysis/search";
import { parseRunsSearch } from "./sweep/runs/search";
import { SweepsPage } from "./sweeps/SweepsPage";
import { parseSweepsSearch } from "./sweeps/search";

const root = createRootRoute({ component: Shell, notFoundComponent: NoPage });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: () => <Navigate to="/sweeps" replace />,
});

const sweeps = createRoute({
  getParentRoute: () => root,
  path: "/sweeps",
  validateSearch: parseSweepsSearch,
  component: SweepsPage,
});

const sweep = createRoute({
  getParentRoute: () => root,
  path: "/sweeps/$sweepId",
  validateSearch: parseRunFilterSearch,
  component: lazyRouteComponent(() => import("./sweep/SweepPage"), "SweepPage"),
});

const overview = createRoute({
  getParentRoute: () => sweep,
  path: "/",
  component: lazyRouteComponent(() => import("./sweep/overview/OverviewPage"), "OverviewPage"),
});

const create = createRoute({
  getParentRoute: () => root,
  path: "/sweeps/new",
  validateSearch: parseCreateSearch,
  component: lazyRouteComponent(() => import("./create/CreatePage"), "CreatePage"),
});

const runs = createRoute({
  getParentRoute: () => sweep,
  path: "runs",
  validateSearch: parseRunsSearch,
  component: lazyRouteComponent(() => import("./sweep/runs/RunsPage"), "RunsPage"),
});

const parallel = createRoute({
  getParentRoute: () => sweep,
  path: "parallel",
  validateSearch: parseParallelSearch,
  component: lazyRouteComponent(() => import("./sweep/parallel/ParallelPage"), "ParallelPage"),
});

const analysis = createRoute({
  getParentRoute: () => sweep,
  path: "analysis",
  validateSearch: parseAnalysisSearch,
  component: lazyRouteComponent(() => import("./sweep/analysis/AnalysisPage"), "AnalysisPage"),
});

const settings = createRoute({
  getParentRoute: () => sweep,
  path: "settings",
  component: lazyRouteComponent(() => import("./sweep/settings/SettingsPage"), "SettingsPage"),
});

const keys = createRoute({
  getParentRoute: () => root,
  path: "/keys",
  validateSearch: parseKeysSearch,
  component: lazyRouteComponent(() => import("./keys/KeysPage"), "KeysPage"),
});

const templates = createRoute({
  getParentRoute: () => root,
  path: "/templates",
  component: lazyRouteComponent(() => import("./templates/TemplatesPage"), "TemplatesPage"),
});

const template = createRoute({
  getParentRoute: () => root,
  path: "/templates/$name",
  component: lazyRouteComponent(() => import("./templates/TemplatePage"), "TemplatePage"),
});

// Not under /templates: a template may have the name "new".
const newTemplate = createRoute({
  getParentRoute: () => root,
  path: "/new-template",
  validateSearch: ({ from }: Record<string, unknown>): { from?: string } =>
    typeof from === "string" ? { from } : {},
  component: lazyRouteComponent(() => import("./templates/NewTemplatePage"), "NewTemplatePage"),
});

const pareto = createRoute({
  getParentRoute: () => sweep,
  path: "pareto",
  validateSearch: parseParetoSearch,
  component: lazyRouteComponent(() => import("./sweep/pareto/ParetoPage"), "ParetoPage"),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  validateSearch: parseCompareSearch,
  component: lazyRouteComponent(() => import("./compare/ComparePage"), "ComparePage"),
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: ({ next }: Record<string, unknown>): { next?: string } =>
    typeof next === "string" ? { next } : {},
  component: lazyRouteComponent(() => import("./login/LoginPage"), "LoginPage"),
});

function NoPage() {
  return (
    <div className="panel">
      <h1>There is no such page</h1>
      <Link to="/sweeps">All sweeps</Link>
    </div>
  );
}

/** Returns the router of the dashboard; the history of the browser's address by default. */
export function makeRouter(history?: RouterHistory) {
  return createRouter({
    routeTree: root.addChildren([
      home,
      sweeps,
      create,
      sweep.addChildren([overview, runs, parallel, analysis, pareto, settings]),
      compare,
      keys,
      templates,
      template,
      newTemplate,
      login,
    ]),
    ...(history === undefined ? {} : { history }),
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
