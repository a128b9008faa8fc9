import type { FieldProblem } from "../rpc/problems";

/** A stretch of a text with a problem, in UTF-16 units from the text's beginning. */
export interface ProblemMark {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

/** Returns where an editor marks the problems of a text; those without a place are left out. */
export function marksOf(text: string, problems: readonly FieldProblem[]): ProblemMark[] {
  const lines = text.split("\n");
  const begins: number[] = [];
  let begin = 0;
  for (const line of lines) {
    begins.push(begin);
    begin += line.length + 1;
  }
  return problems
    .flatMap(({ field, description, line, column }) => {
      const start = line === undefined ? undefined : begins[line - 1];
      if (line === undefined || start === undefined) return [];
      const content = lines[line - 1] ?? "";
      const from = unitsBefore(content, column ?? 1);
      const word = wordFrom(content, from);
      return [{ from: start + from, to: start + word, message: `${field}: ${description}` }];
    })
    .sort((one, other) => one.from - other.from);
}

/** Returns the UTF-16 units before a column: a character beyond the first plane has two. */
function unitsBefore(line: string, column: number): number {
  let units = 0;
  let rest = column - 1;
  for (const character of line) {
    if (rest <= 0) break;
    units += character.length;
    rest -= 1;
  }
  return units;
}

/** Returns where the key or the item that begins at a place ends. */
function wordFrom(line: string, from: number): number {
  const quoted = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/.exec(line.slice(from));
  if (quoted !== null) return from + quoted[0].length;
  const word = /^[^\s,\]}]*[^\s,\]}:]/.exec(line.slice(from));
  return word === null ? line.trimEnd().length : from + word[0].length;
}
