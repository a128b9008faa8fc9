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
  readonly #entries = new Map<string, ParameterValue>();
  #bytes = 0;

  /** Sets entries; warns of those that can't be sent, or that are too many. */
  set(entries: Readonly<Record<string, InputValue>>, warn: (line: string) => void): void {
    for (const [name, value] of Object.entries(entries)) {
      try {
        const message = toParameterValue(value, name);
        const bytes = name.length + toBinary(ParameterValueSchema, message).length;
        const isNew = !this.#entries.has(name);
        if (
          (isNew && this.#entries.size >= PROTOCOL.configMaxEntries) ||
          this.#bytes + bytes > PROTOCOL.configMaxBytes
        ) {
          warn(`the config of a run takes no more entries: '${name}' is left out`);
          continue;
        }
        this.#bytes += bytes;
        this.#entries.set(name, message);
      } catch (error) {
        warn(`the config leaves out '${name}': ${messageOf(error)}`);
      }
    }
  }

  /** Returns the entries for the run's end. */
  toMessages(): Record<string, ParameterValue> {
    return Object.fromEntries(this.#entries);
  }
}
