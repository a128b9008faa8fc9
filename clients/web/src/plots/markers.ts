/** Shapes that tell series and categories apart where colors do not. */

const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "plus", "flag", "bar"] as const;

/** The characters that look like the markers, for texts. */
export const MARKER_TEXTS = ["●", "■", "▲", "◆", "✖", "✚", "▼", "▬"] as const;

/** Patterns of dashes for lines, in pixels; the first one is a line without gaps. */
export const DASHES: readonly (readonly number[])[] = [
  [],
  [8, 4],
  [2, 3],
  [10, 3, 2, 3],
  [5, 5],
  [14, 4],
  [4, 2, 1, 2],
  [1, 5],
];

/** Adds a marker to the path of a context; the shapes repeat after eight. */
export function addMarker(
  context: CanvasRenderingContext2D,
  index: number,
  x: number,
  y: number,
  radius: number,
): void {
  const r = radius;
  switch (SHAPES[index % SHAPES.length]) {
    case "square":
      context.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7);
      break;
    case "triangle":
      polygon(context, x, y, [0, -r * 1.15, r * 1.1, r * 0.85, -r * 1.1, r * 0.85]);
      break;
    case "flag":
      polygon(context, x, y, [0, r * 1.15, r * 1.1, -r * 0.85, -r * 1.1, -r * 0.85]);
      break;
    case "diamond":
      polygon(context, x, y, [0, -r * 1.25, r * 1.25, 0, 0, r * 1.25, -r * 1.25, 0]);
      break;
    case "cross":
      polygon(context, x, y, crossOf(r, Math.PI / 4));
      break;
    case "plus":
      polygon(context, x, y, crossOf(r, 0));
      break;
    case "bar":
      context.rect(x - r * 1.3, y - r * 0.5, r * 2.6, r);
      break;
    default:
      context.moveTo(x + r, y);
      context.arc(x, y, r, 0, 2 * Math.PI);
  }
}

function polygon(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  corners: readonly number[],
): void {
  for (let index = 0; index < corners.length; index += 2) {
    const [left, top] = [x + (corners[index] ?? 0), y + (corners[index + 1] ?? 0)];
    if (index === 0) context.moveTo(left, top);
    else context.lineTo(left, top);
  }
  context.closePath();
}

/** Returns the corners of a plus that is turned by an angle. */
function crossOf(radius: number, angle: number): number[] {
  const [long, wide] = [radius * 1.2, radius * 0.42];
  const corners = [
    [-wide, -long],
    [wide, -long],
    [wide, -wide],
    [long, -wide],
    [long, wide],
    [wide, wide],
    [wide, long],
    [-wide, long],
    [-wide, wide],
    [-long, wide],
    [-long, -wide],
    [-wide, -wide],
  ] as const;
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  return corners.flatMap(([left, top]) => [left * cosine - top * sine, left * sine + top * cosine]);
}
