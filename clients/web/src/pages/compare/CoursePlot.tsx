import { type KeyboardEvent, useCallback, useId, useRef, useState } from "react";
import {
  type Courses,
  courseStyle,
  coursesArea,
  courseValue,
  drawCourses,
} from "../../plots/courses";
import type { Palette } from "../../plots/palette";
import { formatValue } from "../../store/format";
import { Canvas } from "../../ui/Canvas";
import { useWidth } from "../../ui/useWidth";

interface Props {
  readonly label: string;
  readonly plot: Courses;
  /** Whether the better values are the lower ones, for the order of the values at the pointer. */
  readonly isAscending: boolean;
}

/** A press of an arrow key moves the pointer by this share of the axis. */
const STEP = 0.02;

/** Several courses in one chart, with their values at the pointer or where the arrow keys go. */
export function CoursePlot({ label, plot, isAscending }: Props) {
  const id = useId();
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const [share, setShare] = useState<number>();
  const area = coursesArea(width);
  const draw = useCallback(
    (canvas: HTMLCanvasElement, wide: number, palette: Palette) =>
      drawCourses(canvas, wide, plot, palette),
    [plot],
  );
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const from = share ?? 1;
    const places: Record<string, number | undefined> = {
      ArrowRight: from + STEP,
      ArrowLeft: from - STEP,
      Home: 0,
      End: 1,
      Escape: undefined,
    };
    if (!Object.hasOwn(places, event.key)) return;
    event.preventDefault();
    const next = places[event.key];
    setShare(next === undefined ? undefined : Math.min(Math.max(next, 0), 1));
  };
  const at = share === undefined ? undefined : plot.x.min + (plot.x.max - plot.x.min) * share;
  return (
    <>
      <div
        ref={place}
        className="course-plot"
        role="application"
        aria-label={label}
        aria-describedby={`${id}-values`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys go along the axis
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerMove={(event) => {
          const { left } = event.currentTarget.getBoundingClientRect();
          const moved = (event.clientX - left - area.left) / area.width;
          setShare(moved >= 0 && moved <= 1 ? moved : undefined);
        }}
        onPointerLeave={() => setShare(undefined)}
        onBlur={() => setShare(undefined)}
      >
        <Canvas label={label} draw={draw} />
        {share !== undefined && width > 0 && (
          <div
            className="course-cursor"
            style={{ left: area.left + share * area.width, top: area.top, height: area.height }}
          />
        )}
      </div>
      <p id={`${id}-values`} className="course-values" role="status">
        {at === undefined ? (
          <span className="faint">Point at the chart, or use the arrow keys, to read values.</span>
        ) : (
          <Values plot={plot} at={at} isAscending={isAscending} />
        )}
      </p>
    </>
  );
}

interface ValuesProps extends Pick<Props, "plot" | "isAscending"> {
  readonly at: number;
}

function Values({ plot: { x, courses }, at, isAscending }: ValuesProps) {
  const sign = isAscending ? 1 : -1;
  const found = courses
    .flatMap((course) => {
      const value = courseValue(course, at);
      return value === undefined ? [] : { ...course, value };
    })
    .sort((one, other) => sign * (one.value - other.value));
  return (
    <>
      <span className="faint">
        {x.label} {formatValue(Number(at.toPrecision(3)))}
      </span>
      {found.map(({ id, name, place, value }) => (
        <span key={id}>
          <Mark place={place} /> <bdi className="clipped">{name}</bdi>{" "}
          <strong>{formatValue(Number(value.toPrecision(5)))}</strong>
        </span>
      ))}
      {found.length === 0 && <span>no finished run yet</span>}
    </>
  );
}

/** The marker of a sweep's lines. */
export function Mark({ place }: { place: number }) {
  const { color, text } = courseStyle(place);
  return (
    <span className="course-mark" style={{ color }} aria-hidden="true">
      {text}
    </span>
  );
}
