/**
 * Applies a change to the config's text as it is now, and returns whether there was something to
 * apply: a change that returns undefined was not finished yet.
 */
export type Edit = (change: (text: string) => string | undefined) => boolean;
