import { type Area, drawAxes, type PlotAxis, prepare, shareOf } from "./area";
import { drawLegend, type LegendEntry, legendHeight, shortened } from "./legend";
import { addMarker, DASHES, MARKER_TEXTS } from "./markers";
import { LINE_COLORS, type Palette } from "./palette";

/** A value that stays the same from one x to the next. */
export interface Course {
  readonly id: string;
  readonly name: string;
  /** Ascending. */
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  /** The place of its subject in the comparison, which decides its look. */
  readonly place: number;
}

/** What a chart of several courses shows. */
export interface Courses {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly courses: readonly Course[];
}

/** How a line looks: no two of ten look the same, also without colors. */
export interface CourseStyle {
  readonly color: string;
  readonly marker: number;
  readonly dash: readonly number[];
  /** The marker as a character. */
  readonly text: string;
}

const HEIGHT = 300;
/** A chart that is narrower has a legend instead of labels beside its lines. */
const LABELS_FROM = 520;
const LABEL_ROOM = 150;
const LABEL_GAP = 15;
const MARKERS = 5;

/** Returns how the line of a place looks. */
export function courseStyle(place: number): CourseStyle {
  const round = Math.floor(place / LINE_COLORS.length);
  const marker = (place + 3 * round) % MARKER_TEXTS.length;
  return {
    color: LINE_COLORS[place % LINE_COLORS.length] ?? LINE_COLORS[0],
    marker,
    dash: DASHES[(place + round) % DASHES.length] ?? [],
    text: MARKER_TEXTS[marker] ?? MARKER_TEXTS[0],
  };
}

/** Returns where the courses are on a canvas of a width. */
export function coursesArea(width: number): Area {
  const right = width >= LABELS_FROM ? LABEL_ROOM : 12;
  return { left: 72, top: 26, width: Math.max(width - 72 - right, 50), height: HEIGHT - 70 };
}

/** Returns the axes that show all points of the courses. */
export function courseAxes(
  courses: readonly Course[],
  labels: { readonly x: string; readonly y: string },
  isLog: boolean,
): Pick<Courses, "x" | "y"> {
  const [fromX, toX] = rangeOf(courses.flatMap(({ xs }) => xs));
  const [fromY, toY] = rangeOf(courses.flatMap(({ ys }) => ys));
  const mayBeLog = isLog && fromY > 0;
  const margin = mayBeLog ? 0 : (toY - fromY) * 0.04 || Math.abs(toY) * 0.04 || 1;
  return {
    x: { label: labels.x, min: Math.min(fromX, 0), max: toX, isLog: false, categories: [] },
    y: {
      label: labels.y,
      min: fromY - margin,
      max: toY + margin,
      isLog: mayBeLog,
      categories: [],
    },
  };
}

function rangeOf(values: readonly number[]): [min: number, max: number] {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return min > max ? [0, 1] : [min, max];
}

/** Returns a course's value at an x: that of the last point up to there; undefined before the first. */
export function courseValue({ xs, ys }: Pick<Course, "xs" | "ys">, x: number): number | undefined {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((xs[middle] ?? Number.POSITIVE_INFINITY) <= x) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? undefined : ys[low - 1];
}

/** Returns places for labels that keep a distance, in the order of the places they want. */
export function spreadLabels(
  wanted: readonly number[],
  gap: number,
  from: number,
  to: number,
): number[] {
  const order = [...wanted.keys()].sort(
    (one, other) => (wanted[one] ?? 0) - (wanted[other] ?? 0) || one - other,
  );
  const places = order.map((index) => wanted[index] ?? 0);
  let least = from;
  for (const [rank, place] of places.entries()) {
    places[rank] = Math.max(place, least);
    least = (places[rank] ?? 0) + gap;
  }
  let most = to;
  for (let rank = places.length - 1; rank >= 0; rank--) {
    places[rank] = Math.min(places[rank] ?? 0, most);
    most = (places[rank] ?? 0) - gap;
  }
  const found: number[] = [];
  order.forEach((index, rank) => {
    found[index] = places[rank] ?? 0;
  });
  return found;
}

/** Draws the courses as steps, each with its own color, dashes and markers, and its name. */
export function drawCourses(
  canvas: HTMLCanvasElement,
  width: number,
  plot: Courses,
  palette: Palette,
): void {
  const legend = width >= LABELS_FROM ? [] : legendOf(plot);
  const context = prepare(canvas, width, HEIGHT + legendHeight(legend, width - 16));
  if (context === null) return;
  const area = coursesArea(width);
  drawAxes(context, area, plot.x, plot.y, palette);
  for (const course of plot.courses) drawCourse(context, area, plot, course);
  if (legend.length > 0) drawLegend(context, legend, 8, HEIGHT, width - 16, palette);
  else drawNames(context, area, plot, palette);
}

function legendOf({ courses }: Courses): LegendEntry[] {
  return courses.map(({ name, place }) => ({
    ...courseStyle(place),
    text: shortened(name, 24),
  }));
}

function drawCourse(
  context: CanvasRenderingContext2D,
  area: Area,
  { x, y }: Courses,
  course: Course,
): void {
  const { color, dash, marker } = courseStyle(course.place);
  const leftOf = (value: number) => area.left + shareOf(value, x) * area.width;
  const topOf = (value: number) => area.top + (1 - shareOf(value, y)) * area.height;
  context.save();
  context.strokeStyle = color;
  context.fillStyle = color;
  context.lineWidth = 2;
  context.setLineDash([...dash]);
  context.beginPath();
  let before: number | undefined;
  for (const [index, value] of course.xs.entries()) {
    const top = topOf(course.ys[index] ?? Number.NaN);
    if (before !== undefined) context.lineTo(leftOf(value), before);
    context.lineTo(leftOf(value), top);
    before = top;
  }
  context.stroke();
  context.setLineDash([]);
  const [first = 0, last = 0] = [course.xs[0], course.xs.at(-1)];
  context.beginPath();
  for (let index = 0; index < MARKERS; index++) {
    // Lines that lie upon each other have their markers at different places.
    const share = (index + ((course.place * 0.381966) % 1)) / MARKERS;
    const at = first + (last - first) * share;
    const value = courseValue(course, at);
    if (value !== undefined) addMarker(context, marker, leftOf(at), topOf(value), 4);
  }
  const end = course.ys.at(-1);
  if (end !== undefined) addMarker(context, marker, leftOf(last), topOf(end), 4);
  context.fill();
  context.restore();
}

function drawNames(
  context: CanvasRenderingContext2D,
  area: Area,
  { x, y, courses }: Courses,
  palette: Palette,
): void {
  const drawn = courses.filter(({ xs }) => xs.length > 0);
  const ends = drawn.map(({ ys }) => area.top + (1 - shareOf(ys.at(-1) ?? 0, y)) * area.height);
  const places = spreadLabels(ends, LABEL_GAP, area.top + 6, area.top + area.height - 2);
  const left = area.left + area.width + 10;
  context.save();
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const [index, { name, place, xs }] of drawn.entries()) {
    const { color, marker } = courseStyle(place);
    const [end = 0, top = 0] = [ends[index], places[index]];
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(area.left + shareOf(xs.at(-1) ?? 0, x) * area.width + 6, end);
    context.lineTo(left, top);
    context.stroke();
    context.fillStyle = color;
    context.beginPath();
    addMarker(context, marker, left + 6, top, 3.5);
    context.fill();
    context.fillStyle = palette.text;
    context.fillText(shortened(name, 20), left + 15, top, LABEL_ROOM - 28);
  }
  context.restore();
}
