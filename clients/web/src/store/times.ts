const DATE_TIME = new Intl.DateTimeFormat("en", {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** Returns a time, in milliseconds since 1970, in the reader's zone: "Nov 29, 2026, 18:14:05". */
export function formatTime(milliseconds: number): string {
  return DATE_TIME.format(milliseconds);
}

/** Returns the reader's zone as people read it: "Europe/Berlin, GMT+1". */
export function zoneName(now: number = Date.now()): string {
  const { timeZone } = DATE_TIME.resolvedOptions();
  const parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "shortOffset" });
  const offset = parts.formatToParts(now).find(({ type }) => type === "timeZoneName")?.value;
  // The offset of a zone on Greenwich time adds nothing; browsers write it in two ways.
  const isZero = offset === undefined || /^(GMT|UTC)([+-]0)?$/.test(offset);
  return isZero ? timeZone : `${timeZone}, ${offset}`;
}

/** Returns a span of seconds with the digits that matter: "4.3 ms", "12.5 s", "2 h 5 min". */
export function formatSeconds(seconds: number): string {
  if (seconds > 0 && seconds < 0.9995) {
    const milliseconds = seconds * 1000;
    return `${Number(milliseconds.toPrecision(milliseconds < 10 ? 2 : 3))} ms`;
  }
  if (seconds < 59.95) return `${Number(seconds.toPrecision(seconds < 10 ? 2 : 3))} s`;
  const whole = Math.round(seconds);
  const [days, hours] = [Math.floor(whole / 86_400), Math.floor(whole / 3_600) % 24];
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return `${minutes} min ${rest} s`;
}

/** Returns the value of a field for local times. */
export function toLocalField(seconds: number): string {
  const time = new Date(seconds * 1000);
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

/** Returns the seconds since 1970 of a field for local times; undefined if it is empty. */
export function fromLocalField(text: string): number | undefined {
  const milliseconds = new Date(text).getTime();
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}
