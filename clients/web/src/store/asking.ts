/** How often a chart asks for its data at most. */
export const ASK_EVERY_MS = 5_000;

export interface Asked {
  /** The sweep's revision when the chart was last asked for; undefined before the first time. */
  readonly revision: bigint | undefined;
  /** When that was, in milliseconds. */
  readonly time: number;
}

/**
 * Returns after how many milliseconds to ask again; undefined if nothing has changed since.
 *
 * An answer includes every change that was made before the call, so the revision that the page
 * knew when it asked is a lower bound of what the answer shows.
 */
export function delayUntilAsking(asked: Asked, revision: bigint, now: number): number | undefined {
  if (asked.revision === undefined) return 0;
  if (revision <= asked.revision) return undefined;
  return Math.max(0, asked.time + ASK_EVERY_MS - now);
}
