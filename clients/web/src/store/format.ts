import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";

// Making one takes longer than formatting a thousand numbers.
const VALUES = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const COUNTS = new Intl.NumberFormat("en");

/** Returns a value with at most six significant digits. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(3);
  return VALUES.format(value);
}

/** Returns a count with separators of thousands. */
export function formatCount(count: number | bigint): string {
  return COUNTS.format(count);
}

const STEPS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** Returns a span of time with its two largest units: "2 h 5 min". */
export function formatDuration(milliseconds: number): string {
  let seconds = Math.max(0, Math.round(milliseconds / 1000));
  const parts: string[] = [];
  for (const [unit, size] of STEPS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0 s";
}

/** Returns how long ago a time was: "3 min ago"; "now" within the last few seconds. */
export function formatAge(time: Timestamp | undefined, now: number): string {
  if (time === undefined) return "";
  const age = now - timestampMs(time);
  if (age < 5_000) return "now";
  return `${formatDuration(age).split(" ").slice(0, 2).join(" ")} ago`;
}

/** Returns a share of 0 to 1 as a percentage; what is little is not rounded to nothing. */
export function formatPercent(share: number): string {
  if (share > 0 && share < 0.001) return "<0.1%";
  const text = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
  return text.format(share);
}
