import { inspect } from "node:util";
import { create } from "@bufbuild/protobuf";
import { PROTOCOL } from "../core/protocol.js";
import { type RunError, RunErrorSchema } from "../gen/wanllmdb/api/registry/v1/run_pb.js";

/** Returns a text that the registry accepts: no NUL, and no halves of surrogate pairs. */
export function sendable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}

/** Returns the beginning of a text, cut to the length of a message. */
export function messageText(text: string): string {
  const clean = sendable(text);
  const most = PROTOCOL.maxMessageCharacters;
  if (clean.length <= most) return clean;
  const mark = ` ... (${clean.length - most} more characters were cut)`;
  return sendable(clean.slice(0, most - mark.length)) + mark;
}

/** Returns the end of a text, cut to the length of a stack trace. */
export function traceText(text: string): string {
  const clean = sendable(text);
  const most = PROTOCOL.maxTracebackCharacters;
  if (clean.length <= most) return clean;
  const mark = `(${clean.length - most} characters were cut here) ...\n`;
  return mark + sendable(clean.slice(mark.length - most));
}

/** Returns what the registry keeps of an error: its text, and its stack trace with its causes. */
export function runErrorOf(thrown: unknown): RunError {
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : shown(thrown);
  return create(RunErrorSchema, {
    message: messageText(message),
    traceback: thrown instanceof Error ? traceText(shown(thrown)) : "",
  });
}

function shown(value: unknown): string {
  try {
    return typeof value === "string" ? value : inspect(value);
  } catch {
    // A program's own class may throw when it is shown.
    return `<${typeof value}>`;
  }
}
