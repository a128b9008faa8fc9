import { parseRunFilterSearch, type RunFilterSearch } from "../../../store/runFilter";
import { parseRunsSearch, type RunsSearch } from "./search";

/** What a view keeps: the filter, the columns and the order, as the address has them. */
export type ViewSearch = RunFilterSearch & Omit<RunsSearch, "run" | "compare">;

/** The settings of a table under a name. */
export interface View {
  readonly name: string;
  readonly search: ViewSearch;
}

/** The views of a project; unique names. */
export interface Views {
  readonly views: readonly View[];
  /** The name of the view with which the project's tables open. */
  readonly first?: string;
}

/** Where views are kept: localStorage in a browser. */
export type ViewStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export const NO_VIEWS: Views = { views: [] };
export const MOST_NAME_LETTERS = 80;
const MOST_VIEWS = 100;

/** Returns the part of an address that a view keeps. */
export function viewSearch(search: Record<string, unknown>): ViewSearch {
  const { run: _, compare: __, ...table } = parseRunsSearch(search);
  return { ...parseRunFilterSearch(search), ...table };
}

/** Returns the views that were written for a project; what is none is ignored. */
export function readViews(storage: ViewStorage, project: string): Views {
  try {
    return parseViews(JSON.parse(storage.getItem(keyOf(project)) ?? "null"));
  } catch {
    // A browser may refuse the storage, and another program may have written into it.
    return NO_VIEWS;
  }
}

/** Writes the views of a project; returns whether the browser kept them. */
export function writeViews(storage: ViewStorage, project: string, views: Views): boolean {
  try {
    if (views.views.length === 0) storage.removeItem(keyOf(project));
    else storage.setItem(keyOf(project), JSON.stringify(views));
    return true;
  } catch {
    return false;
  }
}

/** Returns the views with one more; a view of the same name is replaced where it stands. */
export function withView({ views, first }: Views, view: View): Views {
  const isKnown = views.some(({ name }) => name === view.name);
  const changed = isKnown
    ? views.map((each) => (each.name === view.name ? view : each))
    : [...views, view].slice(-MOST_VIEWS);
  return checked(changed, first);
}

/** Returns the views without one. */
export function withoutView({ views, first }: Views, name: string): Views {
  return checked(
    views.filter((each) => each.name !== name),
    first,
  );
}

/** Returns the views with another name for one; unchanged if the new name is taken or empty. */
export function renamedView(all: Views, from: string, to: string): Views {
  const name = cleanName(to);
  if (name === "" || all.views.some((each) => each.name === name)) return all;
  const views = all.views.map((each) => (each.name === from ? { ...each, name } : each));
  return checked(views, all.first === from ? name : all.first);
}

/** Returns the views with another one with which tables open; none if undefined. */
export function withFirst({ views }: Views, first: string | undefined): Views {
  return checked(views, first);
}

/** Returns the view with which a table opens. */
export function firstView({ views, first }: Views): View | undefined {
  return views.find(({ name }) => name === first);
}

/** Returns the view that an address shows. */
export function shownView({ views }: Views, search: ViewSearch): View | undefined {
  const shown = JSON.stringify(search);
  return views.find((view) => JSON.stringify(view.search) === shown);
}

/** Returns a name without spaces around it, and no longer than a list can show. */
export function cleanName(name: string): string {
  return name.trim().slice(0, MOST_NAME_LETTERS).trim();
}

function checked(views: readonly View[], first: string | undefined): Views {
  const isKnown = first !== undefined && views.some(({ name }) => name === first);
  return isKnown ? { views, first } : { views };
}

function keyOf(project: string): string {
  return `wanllmdb.views.${project}`;
}

function parseViews(value: unknown): Views {
  if (typeof value !== "object" || value === null) return NO_VIEWS;
  const { views, first } = value as Record<string, unknown>;
  const parsed = (Array.isArray(views) ? views : []).flatMap(parseView);
  const unique = parsed.filter(
    ({ name }, index) => parsed.findIndex((other) => other.name === name) === index,
  );
  return checked(unique, typeof first === "string" ? first : undefined);
}

function parseView(value: unknown): View[] {
  if (typeof value !== "object" || value === null) return [];
  const { name, search } = value as Record<string, unknown>;
  if (typeof name !== "string" || cleanName(name) === "") return [];
  if (typeof search !== "object" || search === null) return [];
  return [{ name: cleanName(name), search: viewSearch(search as Record<string, unknown>) }];
}
