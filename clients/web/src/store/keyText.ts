const KEY = /^wsk_[a-z0-9]+_\S+$/;

/** Returns why a text can't be an API key, in a sentence; undefined if it may be one. */
export function notAKey(text: string): string | undefined {
  const key = text.trim();
  if (key === "") return "Enter an API key.";
  if (/\s/.test(key))
    return "An API key has no spaces or line breaks: check that you copied one key alone.";
  if (!key.startsWith("wsk_"))
    return "An API key starts with wsk_: check that you copied all of it.";
  if (!KEY.test(key)) {
    return "An API key has the form wsk_ID_SECRET: check that you copied all of it.";
  }
  return undefined;
}
