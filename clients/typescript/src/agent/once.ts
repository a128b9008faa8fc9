const MOST_LINES = 10;

/** Returns a function that prints each line once, and a limited number of lines. */
export function once(say: (line: string) => void): (line: string) => void {
  const said = new Set<string>();
  return (line) => {
    if (said.has(line) || said.size > MOST_LINES) return;
    said.add(line);
    say(
      said.size > MOST_LINES ? "there are more warnings of this run, which are not printed" : line,
    );
  };
}
