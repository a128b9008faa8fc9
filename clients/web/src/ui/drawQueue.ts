/**
 * Drawings that wait. Each one has a task of its own, so that the page answers the user between
 * the many large ones of a page.
 */
const waiting = new Set<() => void>();
let isScheduled = false;

/** Draws soon; the returned function takes the drawing back. */
export function drawSoon(draw: () => void): () => void {
  waiting.add(draw);
  schedule();
  return () => waiting.delete(draw);
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(() => {
    isScheduled = false;
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    if (waiting.size > 0) schedule();
    next();
  });
}
