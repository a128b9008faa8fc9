import { headingOf, isNumeric, isTime } from "../../../store/runCells";
import { type Column, NUMBER_KEY, STATE_KEY } from "../../../store/runTable";

/** A column of the grid as it is drawn. */
export interface GridColumn {
  /** The key of the column, or of the run's number or state. */
  readonly key: string;
  readonly heading: string;
  readonly width: number;
  /** Where it stays while the others scroll, from the left edge; undefined if it scrolls. */
  readonly left?: number;
  readonly isNumber: boolean;
  /** Undefined for the run's number and state. */
  readonly column?: Column;
}

export interface LayoutSettings {
  readonly pinned: readonly string[];
  readonly widths: Readonly<Record<string, number>>;
  /** The width of what is visible of the grid. */
  readonly frameWidth: number;
}

export const SELECT_WIDTH = 40;
/** Pinned columns leave at least this share of the frame to the others. */
const MOST_PINNED_SHARE = 0.6;
/** Below this width, as in runs.css, columns are narrower. */
const NARROW = 640;

/** Returns the columns in the order in which they are drawn: those that stay come first. */
export function layoutOf(columns: readonly Column[], settings: LayoutSettings): GridColumn[] {
  const { pinned, frameWidth } = settings;
  const [number, state] = [fixed(NUMBER_KEY, settings), fixed(STATE_KEY, settings)];
  const others = columns.map((column) => ({
    key: column.key,
    heading: headingOf(column),
    width: settings.widths[column.key] ?? usualWidth(column, frameWidth),
    isNumber: isNumeric(column),
    column,
  }));
  const wanted = new Set(pinned);
  const placed: GridColumn[] = [];
  let left = SELECT_WIDTH;
  const rest: GridColumn[] = [];
  for (const each of [number, state, ...others]) {
    const isPinned = each.key === NUMBER_KEY || wanted.has(each.key);
    const isRoom = left + each.width <= Math.max(frameWidth * MOST_PINNED_SHARE, SELECT_WIDTH + 72);
    if (isPinned && (isRoom || each.key === NUMBER_KEY)) {
      placed.push({ ...each, left });
      left += each.width;
    } else rest.push(each);
  }
  return [...placed, ...rest];
}

/** Returns the width of the part of the grid that stays. */
export function pinnedWidth(columns: readonly GridColumn[]): number {
  return columns.reduce(
    (sum, { left, width }) => (left === undefined ? sum : Math.max(sum, left + width)),
    SELECT_WIDTH,
  );
}

function fixed(key: string, { widths, frameWidth }: LayoutSettings): GridColumn {
  const isNumber = key === NUMBER_KEY;
  // A narrow grid shows the shape of the state alone.
  const [narrow, wide] = isNumber ? [72, 84] : [62, 112];
  const usual = frameWidth < NARROW ? narrow : wide;
  return { key, heading: isNumber ? "Run" : "State", width: widths[key] ?? usual, isNumber };
}

function usualWidth(column: Column, frameWidth: number): number {
  if (column.kind === "field" && column.name === "error_message") {
    return frameWidth < NARROW ? 240 : 360;
  }
  if (isTime(column)) return 190;
  if (column.scale === "category") return 136;
  return frameWidth < NARROW ? 108 : 124;
}
