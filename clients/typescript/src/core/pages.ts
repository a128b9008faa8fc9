/** One page of a list. */
export interface Page<Entry> {
  readonly entries: readonly Entry[];
  /** Where the next page begins; empty if there is none. */
  readonly nextPageToken: string;
}

/**
 * Yields the entries of all pages. A page may be empty although there is a next one.
 *
 * @param read reads the page at a token; the first one has the empty token.
 */
export async function* allPages<Entry>(
  read: (pageToken: string) => Promise<Page<Entry>>,
): AsyncGenerator<Entry, void, undefined> {
  let token = "";
  do {
    const { entries, nextPageToken } = await read(token);
    yield* entries;
    token = nextPageToken;
  } while (token !== "");
}
