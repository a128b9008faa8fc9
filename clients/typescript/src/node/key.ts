import { readFileSync } from "node:fs";
import { InvalidArgumentError, messageOf } from "../core/errors.js";
import { checkedKey } from "../core/key.js";
import type { KeySource } from "../core/transport.js";
import { type Environment, textOf } from "./env.js";

/** The API key of a client, and where it is from. A key from a file may be replaced there. */
export class ApiKey implements KeySource {
  #text: string;
  readonly #source: string;
  readonly #file: string | undefined;

  private constructor(text: string, source: string, file?: string) {
    this.#text = text;
    this.#source = source;
    this.#file = file;
  }

  /**
   * Returns the given key, else that of the environment, else one without text.
   *
   * @throws InvalidArgumentError if it is no key, or its file can't be read.
   */
  static of(env: Environment, given?: string, file?: string): ApiKey {
    if (given) return new ApiKey(checkedKey(given, "the option apiKey"), "the option apiKey");
    if (file) return ApiKey.#ofFile(file, `the file ${file} (the option apiKeyFile)`);
    const text = textOf(env, "WANLLMDB_API_KEY")?.trim();
    if (text) return new ApiKey(checkedKey(text, "WANLLMDB_API_KEY"), "WANLLMDB_API_KEY");
    const path = textOf(env, "WANLLMDB_API_KEY_FILE");
    if (path) return ApiKey.#ofFile(path, `the file ${path} (WANLLMDB_API_KEY_FILE)`);
    return new ApiKey("", "");
  }

  static #ofFile(path: string, source: string): ApiKey {
    return new ApiKey(readKey(path, source), source, path);
  }

  current(): string {
    return this.#text;
  }

  hasOtherThan(refused: string): boolean {
    try {
      if (this.#file !== undefined) this.#text = readKey(this.#file, this.#source);
    } catch {
      // The service's error is more useful than a problem with the file.
    }
    return this.#text !== refused;
  }
}

function readKey(path: string, source: string): string {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    throw new InvalidArgumentError(`the API key in ${source} can't be read: ${messageOf(error)}`);
  }
  return checkedKey(text, source);
}
