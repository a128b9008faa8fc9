/**
 * Returns the parts of a file as one Blob, and lets the page answer between them.
 *
 * @param onPart Called after each part with the number of parts so far.
 */
export async function buildFile(
  parts: Iterable<string>,
  type: string,
  onPart: (count: number) => void,
  signal?: AbortSignal,
): Promise<Blob> {
  const made: Blob[] = [];
  for (const part of parts) {
    signal?.throwIfAborted();
    // Encoded here, so that the end of a large file does not encode all of it at once.
    made.push(new Blob([part]));
    onPart(made.length);
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
  }
  return new Blob(made, { type });
}
