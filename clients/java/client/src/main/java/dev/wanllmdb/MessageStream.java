package dev.wanllmdb;

import java.util.Iterator;

/**
 * Messages of a service as they arrive. They are read once, by one thread; the stream is closed
 * when they are no longer wanted, by any thread.
 *
 * <pre>{@code
 * try (var changes = client.watch(id)) {
 *     for (var change : changes) { ... }
 * }
 * }</pre>
 *
 * @param <T> the type of the messages
 */
public final class MessageStream<T> implements Iterable<T>, AutoCloseable {
    private final StreamReader<?, T> reader;

    MessageStream(StreamReader<?, T> reader) {
        this.reader = reader;
    }

    /**
     * Returns the messages that have not been read yet. To ask for the next one waits, and throws a
     * {@link ServiceException} if the stream can't go on.
     *
     * @return the iterator, the same one at each call
     */
    @Override
    public Iterator<T> iterator() {
        return reader;
    }

    /** Ends the stream. */
    @Override
    public void close() {
        reader.close();
    }
}
