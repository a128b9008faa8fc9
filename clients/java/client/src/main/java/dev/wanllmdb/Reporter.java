package dev.wanllmdb;

import dev.wanllmdb.internal.Protocol;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Collects the values of a run, and sends them from a thread of its own, in the order of their
 * rows. Values that are not sent stay until they are, or until {@link #close} returns them.
 */
final class Reporter {
    /** Sends rows that fit one request. */
    interface Send {
        void send(List<Row> rows, Duration deadline);
    }

    /** How long the end of a run waits for a report under way. */
    private static final Duration LAST_WAIT = Duration.ofSeconds(2);

    /** The place after all rows. */
    private static final long NO_ROW = Long.MAX_VALUE;

    private final Send send;

    /** Gets a problem after which waiting is of no use. */
    private final Consumer<RuntimeException> failed;

    /** Is held while a report is under way. In order, so that no thread waits for ever. */
    private final Semaphore sending = new Semaphore(1, true);

    private final CountDownLatch ended = new CountDownLatch(1);
    private final Future<?> work;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Row.Key, Row> byKey = new HashMap<>();
    private Deque<Row> rows = new ArrayDeque<>();
    private int values;
    private long nextPlace;
    private volatile boolean isClosing;

    /** Whether the registry did not answer the last report. */
    private volatile boolean isFailing;

    Reporter(ExecutorService threads, Send send, Consumer<RuntimeException> failed) {
        this.send = send;
        this.failed = failed;
        this.work = threads.submit(this::work);
    }

    /** Adds values of one step; later values of a name replace earlier ones. */
    void add(Row.Key key, Map<String, Double> more) {
        if (more.isEmpty()) {
            return;
        }
        lock.lock();
        try {
            boolean wasEmpty = rows.isEmpty();
            boolean wasFull = values >= Protocol.FLUSH_VALUES;
            Row row = byKey.get(key);
            if (row == null) {
                row = new Row(key, nextPlace++);
                byKey.put(key, row);
                rows.add(row);
            }
            values -= row.values.size();
            row.values.putAll(more);
            values += row.values.size();
            if (wasEmpty || !wasFull && values >= Protocol.FLUSH_VALUES) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    boolean isFailing() {
        return isFailing;
    }

    /**
     * Sends all values that were added before; not later ones, which may come faster than they are
     * sent. The deadline is that of each report, and of the wait for one under way.
     */
    void flush(Duration deadline) {
        lock.lock();
        long end = nextPlace;
        lock.unlock();
        while (sendSome(deadline) < end) {
            // Some of these rows are left.
        }
    }

    /** Ends the thread, and returns the rows that the registry has not confirmed. */
    List<Row> close() {
        lock.lock();
        try {
            isClosing = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            if (!ended.await(LAST_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                work.cancel(true);
                ended.await(LAST_WAIT.toMillis(), TimeUnit.MILLISECONDS);
            }
            // A flush of a thread that is not the run's may still be under way.
            sending.tryAcquire(LAST_WAIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            work.cancel(true);
            Thread.currentThread().interrupt();
        }
        lock.lock();
        try {
            List<Row> left = List.copyOf(rows);
            rows.clear();
            byKey.clear();
            values = 0;
            return left;
        } finally {
            lock.unlock();
        }
    }

    private void work() {
        try {
            while (waitForRows()) {
                sendAll();
            }
        } catch (InterruptedException | CancellationException e) {
            // The run ends.
        } catch (RuntimeException e) {
            failed.accept(e);
        } finally {
            ended.countDown();
        }
    }

    /** Waits until rows are to be sent; returns false when the reporter is closed. */
    private boolean waitForRows() throws InterruptedException {
        lock.lock();
        try {
            while (!isClosing && rows.isEmpty()) {
                changed.await();
            }
            long pause = Protocol.FLUSH_PAUSE.toNanos();
            while (!isClosing && values < Protocol.FLUSH_VALUES && pause > 0) {
                pause = changed.awaitNanos(pause);
            }
            return !isClosing;
        } finally {
            lock.unlock();
        }
    }

    private void sendAll() throws InterruptedException {
        boolean more = true;
        while (more) {
            try {
                more = sendSome(Protocol.RUN_CALL_DEADLINE) < NO_ROW && !isClosing;
            } catch (ServiceException e) {
                if (!isTemporary(e)) {
                    throw e;
                }
                more = rest(Protocol.REPORT_FAILURE_PAUSE);
            }
        }
    }

    /** Waits; returns false when the reporter is closed. */
    private boolean rest(Duration duration) throws InterruptedException {
        lock.lock();
        try {
            long pause = duration.toNanos();
            while (!isClosing && pause > 0) {
                pause = changed.awaitNanos(pause);
            }
            return !isClosing;
        } finally {
            lock.unlock();
        }
    }

    /** Sends the oldest rows that fit one request, and returns the place of the first one left. */
    private long sendSome(Duration deadline) {
        try {
            if (!sending.tryAcquire(deadline.toNanos(), TimeUnit.NANOSECONDS)) {
                isFailing = true;
                throw ServiceException.of(
                        Status.Code.DEADLINE_EXCEEDED,
                        "earlier values are still not sent after " + deadline);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Peer.interrupted("ReportMetrics", e);
        }
        try {
            List<Row> taken = take();
            if (taken.isEmpty()) {
                return NO_ROW;
            }
            try {
                send.send(taken, deadline);
            } catch (RuntimeException e) {
                putBack(taken);
                isFailing = e instanceof ServiceException failure && isTemporary(failure);
                throw e;
            }
            isFailing = false;
            return firstPlace();
        } finally {
            sending.release();
        }
    }

    private long firstPlace() {
        lock.lock();
        try {
            return rows.isEmpty() ? NO_ROW : rows.peekFirst().place;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the oldest rows that fit one request, which are now the caller's. */
    private List<Row> take() {
        lock.lock();
        try {
            Batch taken = new Batch();
            while (!rows.isEmpty()) {
                Row row = rows.peekFirst();
                List<Row> pieces = row.pieces();
                if (pieces.size() > 1) {
                    // The pieces become rows of their own, of which the last takes more values.
                    rows.removeFirst();
                    for (int i = pieces.size() - 1; i >= 0; i--) {
                        rows.addFirst(pieces.get(i));
                    }
                    byKey.put(row.key, pieces.get(pieces.size() - 1));
                    continue;
                }
                if (!taken.add(row)) {
                    break;
                }
                rows.removeFirst();
                byKey.remove(row.key, row);
            }
            values -= taken.values();
            return taken.rows;
        } finally {
            lock.unlock();
        }
    }

    /** Puts rows before the later ones; of one step, later values win. */
    private void putBack(List<Row> earlier) {
        lock.lock();
        try {
            List<Row> all = new ArrayList<>(earlier);
            all.addAll(rows);
            rows = new ArrayDeque<>();
            byKey.clear();
            values = 0;
            for (Row row : all) {
                Row there = byKey.get(row.key);
                if (there == null) {
                    byKey.put(row.key, row);
                    rows.add(row);
                } else {
                    there.values.putAll(row.values);
                }
            }
            rows.forEach(row -> values += row.values.size());
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether rows may be accepted later; a defect of a server may pass, too. */
    private static boolean isTemporary(ServiceException e) {
        return e.mayPass() || e.code() == Status.Code.INTERNAL;
    }
}
