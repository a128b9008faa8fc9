import { InvalidArgumentError } from "./errors.js";

const FORM = /^wsk_[a-z0-9]+_[!-~]+$/;

/**
 * Returns the API key in a text. Any other text may be a secret of another system, which must not be
 * sent.
 *
 * @param source names the text in the error.
 * @throws InvalidArgumentError if the text is no key.
 */
export function checkedKey(text: string, source: string): string {
  const key = text.trim();
  if (FORM.test(key)) return key;
  throw new InvalidArgumentError(
    `${source} holds no API key: one looks like wsk_<id>_<secret>, on one line`,
  );
}
