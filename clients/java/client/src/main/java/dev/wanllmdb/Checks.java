package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.api.suggestion.v1.ShouldStopRequest;
import dev.wanllmdb.api.suggestion.v1.ShouldStopResponse;
import dev.wanllmdb.api.suggestion.v1.SuggestionServiceGrpc;
import dev.wanllmdb.internal.Pauses;
import dev.wanllmdb.internal.Protocol;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The early-termination checks of one run. Training waits for an answer, so that a run stops at the
 * value that decides it. Without one, training goes on and the check is repeated in the background;
 * its answer takes effect at the next value.
 */
final class Checks {
    private final Client client;
    private final Run run;
    private final String metric;
    private final Consumer<Duration> flush;
    private final Orders orders;

    private OptionalLong next;
    private long count;
    private long lastStep;
    private boolean isOdd;
    private Future<?> repeating;
    private ShouldStopResponse late;
    private boolean isClosed;

    /** Makes the checks of a metric, which is empty if there are none. */
    Checks(
            Client client,
            Run run,
            String metric,
            Consumer<Duration> flush,
            Orders orders,
            OptionalLong next,
            long lastStep) {
        this.client = client;
        this.run = run;
        this.metric = metric;
        this.flush = flush;
        this.orders = orders;
        this.next = next;
        this.count = run.getMetricValues();
        this.lastStep = lastStep;
    }

    /** Counts the finite values of the metric, at most one for each step. */
    synchronized void observe(long step, Map<String, Double> values) {
        Double value = values.get(metric);
        if (value == null) {
            return;
        }
        if (!Double.isFinite(value)) {
            isOdd = true;
        } else if (step > lastStep) {
            count++;
            lastStep = step;
        }
    }

    /** Checks whether to stop, if a check is due. */
    void askIfDue() {
        ShouldStopResponse answer;
        synchronized (this) {
            answer = late;
            late = null;
            boolean isDue = next.isPresent() && (isOdd || count >= next.getAsLong());
            if (answer == null && (!isDue || repeating != null)) {
                return;
            }
        }
        if (answer != null) {
            decide(answer);
        } else if (!ask(this::decide)) {
            synchronized (this) {
                if (!isClosed) {
                    repeating = client.threads().submit(this::repeat);
                }
            }
        }
    }

    /** Ends what goes on beside training. */
    synchronized void close() {
        isClosed = true;
        if (repeating != null) {
            repeating.cancel(true);
        }
    }

    private void repeat() {
        Pauses pauses = new Pauses(Protocol.CHECK_FIRST_PAUSE, Protocol.CHECK_LONGEST_PAUSE);
        try {
            do {
                TimeUnit.NANOSECONDS.sleep(pauses.next().toNanos());
            } while (!ask(this::keep));
        } catch (InterruptedException | CancellationException e) {
            // The run ends.
        } finally {
            synchronized (this) {
                repeating = null;
            }
        }
    }

    private synchronized void keep(ShouldStopResponse answer) {
        late = answer;
    }

    /** Checks once; returns whether there is an answer, or none will come. */
    private boolean ask(Consumer<ShouldStopResponse> take) {
        try {
            // The decision depends on the values that were logged before.
            flush.accept(Protocol.CHECK_DEADLINE);
            take.accept(
                    client.call(
                            SuggestionServiceGrpc.getShouldStopMethod(),
                            ShouldStopRequest.newBuilder()
                                    .setSweepId(run.getSweepId())
                                    .setNumber(run.getNumber())
                                    .build(),
                            Protocol.CHECK_DEADLINE));
            return true;
        } catch (ServiceException e) {
            if (e.mayPass()) {
                return false;
            }
            if (e.endsRun()) {
                orders.broken(e);
                return true;
            }
            postpone(OptionalLong.empty());
            Log.warning("early termination is off for run %s: %s", run.getNumber(), e.getMessage());
            return true;
        }
    }

    private void decide(ShouldStopResponse answer) {
        postpone(
                answer.hasNextCheckIteration()
                        ? OptionalLong.of(answer.getNextCheckIteration())
                        : OptionalLong.empty());
        if (answer.getShouldStop()) {
            orders.stop(Order.PRUNE, answer.getReason());
        }
    }

    /** Makes the next check due at this number of values; never for none. */
    private synchronized void postpone(OptionalLong asked) {
        isOdd = false;
        next =
                asked.isPresent() && asked.getAsLong() <= count
                        ? OptionalLong.of(count + 1)
                        : asked;
    }
}
