package dev.wanllmdb;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Reads the entries of all pages. An empty page is not the last one; one without a token is. */
final class Pages<P, E> implements Iterator<E> {
    private final Function<String, P> read;
    private final Function<P, List<E>> entries;
    private final Function<P, String> following;
    private Iterator<E> page = List.<E>of().iterator();
    private String token = "";
    private boolean isLast;

    private Pages(
            Function<String, P> read,
            Function<P, List<E>> entries,
            Function<P, String> following) {
        this.read = read;
        this.entries = entries;
        this.following = following;
    }

    /** Returns the entries of all pages, of which each is read by its token as needed. */
    static <P, E> Stream<E> stream(
            Function<String, P> read,
            Function<P, List<E>> entries,
            Function<P, String> following) {
        return StreamSupport.stream(
                Spliterators.spliteratorUnknownSize(
                        new Pages<>(read, entries, following),
                        Spliterator.ORDERED | Spliterator.NONNULL),
                false);
    }

    @Override
    public boolean hasNext() {
        while (!page.hasNext() && !isLast) {
            P next = read.apply(token);
            page = entries.apply(next).iterator();
            token = following.apply(next);
            isLast = token.isEmpty();
        }
        return page.hasNext();
    }

    @Override
    public E next() {
        if (!hasNext()) {
            throw new NoSuchElementException("there are no more entries");
        }
        return page.next();
    }
}
