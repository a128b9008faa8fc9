package dev.wanllmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wanllmdb.Outcome.Kind;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OutcomeTest {
    private static final Exception FAILS = new IllegalStateException("fails");
    private static final Exception SAW = new RuntimeException(stop(Order.CANCEL));
    private static final Exception INTERRUPTED = new InterruptedException();

    private static RunStoppedException stop(Order order) {
        return new RunStoppedException("why", order);
    }

    private static Optional<Kind> kind(Throwable ended, RunStoppedException stopped) {
        return Outcome.of(ended, stopped).map(Outcome::kind);
    }

    @Test
    void isThatOfTheCodeWithoutAnOrder() {
        assertEquals(Optional.of(Kind.SUCCEEDED), kind(null, null));
        assertEquals(Optional.of(Kind.FAILED), kind(FAILS, null));
        assertEquals(Optional.of(Kind.FAILED), kind(INTERRUPTED, null));
        assertEquals(Optional.of(Kind.CANCELED), kind(RunStoppedException.canceled("x"), null));
    }

    @Test
    void followsTheOrder() {
        assertEquals(Optional.of(Kind.PRUNED), kind(null, stop(Order.PRUNE)));
        assertEquals(Optional.of(Kind.PRUNED), kind(FAILS, stop(Order.PRUNE)));
        assertEquals(Optional.of(Kind.SUCCEEDED), kind(null, stop(Order.CANCEL)));
        assertEquals(Optional.of(Kind.CANCELED), kind(FAILS, stop(Order.CANCEL)));
        assertEquals(Optional.of(Kind.FAILED), kind(FAILS, stop(Order.LEASE_LOST)));
        assertEquals(Optional.of(Kind.SUCCEEDED), kind(null, stop(Order.LEASE_LOST)));
        assertEquals(Optional.empty(), kind(SAW, stop(Order.LEASE_LOST)));
        assertEquals(Optional.empty(), kind(INTERRUPTED, stop(Order.LEASE_LOST)));
    }

    @Test
    void cutsTextsToTheirLength() {
        String message = Texts.message("\ud83d\ude00".repeat(5000) + "\0");
        assertEquals(4096, Texts.length(message));
        assertTrue(message.endsWith(" more characters were cut)"), message);
        String trace = Texts.trace("x".repeat(70_000) + "\ud800end");
        assertEquals(65_536, Texts.length(trace));
        assertTrue(trace.endsWith("x\uFFFDend"));
    }

    @Test
    void givesUpAfterFailuresInARow() {
        AtomicLong clock = new AtomicLong();
        FailureCounter counter =
                new FailureCounter(new Failures(2, Duration.ofNanos(10), 4), clock::get);
        assertEquals(Optional.empty(), counter.failed());
        clock.addAndGet(11);
        assertEquals(Optional.empty(), counter.failed());
        clock.addAndGet(11);
        assertEquals(Optional.empty(), counter.failed());
        clock.addAndGet(11);
        assertEquals("the first 4 runs all failed", counter.failed().orElseThrow());
        counter.passed();
        assertEquals(Optional.empty(), counter.failed());
        assertTrue(counter.failed().orElseThrow().startsWith("2 runs in a row failed within"));
    }
}
