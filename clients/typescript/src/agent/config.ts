import { toBinary } from "@bufbuild/protobuf";
import { messageOf } from "../core/errors.js";
import { PROTOCOL } from "../core/protocol.js";
import { type InputValue, toParameterValue } from "../core/values.js";
import {
  type ParameterValue,
  ParameterValueSchema,
} from "../gen/wanllmdb/api/registry/v1/search_space_pb.js";

/** What a program changed of its parameters, or added to them. */
export class ConfigChanges {
  readonly #entries = new Map<
    string,
    { readonly message: ParameterValue; readonly bytes: number }
  >();
  #bytes = 0;

  /** Sets entries; warns of those that can't be sent, or that are too many. */
  set(entries: Readonly<Record<string, InputValue>>, warn: (line: string) => void): void {
    for (const [name, value] of Object.entries(entries)) {
      try {
        const message = toParameterValue(value, name);
        const bytes = Buffer.byteLength(name) + toBinary(ParameterValueSchema, message).length;
        const before = this.#entries.get(name);
        const inAll = this.#bytes + bytes - (before?.bytes ?? 0);
        if (
          (before === undefined && this.#entries.size >= PROTOCOL.configMaxEntries) ||
          inAll > PROTOCOL.configMaxBytes
        ) {
          warn(`the config of a run takes no more entries: '${name}' is left out`);
          continue;
        }
        this.#bytes = inAll;
        this.#entries.set(name, { message, bytes });
      } catch (error) {
        warn(`the config leaves out '${name}': ${messageOf(error)}`);
      }
    }
  }

  /** Returns the entries for the run's end. */
  toMessages(): Record<string, ParameterValue> {
    return Object.fromEntries([...this.#entries].map(([name, { message }]) => [name, message]));
  }
}
