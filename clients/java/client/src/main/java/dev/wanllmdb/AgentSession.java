package dev.wanllmdb;

import dev.wanllmdb.Shutdown.Urgency;
import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.api.registry.v1.RunState;
import dev.wanllmdb.api.registry.v1.Sweep;
import dev.wanllmdb.internal.Protocol;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A running agent: what its loops share. */
final class AgentSession {
    /** How often an ending agent looks whether it still holds runs. */
    private static final Duration LOOK_PAUSE = Duration.ofMillis(100);

    /** What an agent was configured with. */
    record Options(
            String sweepId,
            String name,
            long count,
            int parallel,
            boolean resumes,
            boolean stays,
            boolean interrupts,
            Failures failures) {}

    final Client client;
    final RunCode code;
    final Options options;
    final Shutdown shutdown = new Shutdown(this::giveBack);
    private final Set<ActiveRun> active = ConcurrentHashMap.newKeySet();
    private final FailureCounter failures;
    private Sweep sweep;
    private long claimed;
    private int runs;
    private int failed;
    private String endedBy = "";
    private volatile RuntimeException problem;

    AgentSession(Client client, RunCode code, Options options) {
        this.client = client;
        this.code = code;
        this.options = options;
        this.failures = new FailureCounter(options.failures(), System::nanoTime);
    }

    AgentResult work(boolean handlesSignals) throws InterruptedException {
        Signals signals = handlesSignals ? Signals.handledBy(shutdown::obey) : Signals.none();
        try (signals) {
            if (findSweep()) {
                waitFor(startLoops());
            }
        }
        AgentResult result = result();
        Log.info(
                "agent %s has ended: %s; %s runs, of which %s failed",
                options.name(), problem == null ? result.endedBy() : problem.getMessage(),
                result.runs(), result.failed());
        if (problem != null) {
            throw problem;
        }
        return result;
    }

    Sweep sweep() {
        return sweep;
    }

    /** Returns how the agent waits for services, until this urgency is reached. */
    Waiter waiter(Urgency until, Duration patience) {
        return new Waiter(patience, pause -> !shutdown.await(until, pause));
    }

    /** Returns how long the agent waits for services that have not answered yet. */
    Duration firstPatience() {
        return options.resumes()
                ? client.settings().patience()
                : client.settings().firstPatience();
    }

    /** Reserves one more run; returns false when the agent has done as many as it should. */
    synchronized boolean claim() {
        if (claimed == options.count()) {
            endBy("it has done as many runs as requested");
            return false;
        }
        claimed++;
        return true;
    }

    void began(ActiveRun run) {
        active.add(run);
    }

    void gaveBack(ActiveRun run) {
        active.remove(run);
    }

    /** Counts a run that has ended; throws after too many failed ones. */
    synchronized void finished(ActiveRun run, Throwable cause) {
        active.remove(run);
        runs++;
        Run ended = run.ended();
        if (ended == null) {
            // A run whose lease was lost is not counted.
            return;
        }
        if (ended.getState() != RunState.RUN_STATE_FAILED) {
            failures.passed();
            return;
        }
        failed++;
        failures.failed()
                .ifPresent(
                        why -> {
                            String last =
                                    cause == null
                                            ? ended.getError().getMessage()
                                            : cause.toString();
                            throw new GaveUpException(why, last, cause);
                        });
    }

    synchronized void endBy(String why) {
        if (endedBy.isEmpty()) {
            endedBy = why;
        }
    }

    /** Returns whether the agent goes on, after it has found its sweep. */
    private boolean findSweep() throws InterruptedException {
        try {
            sweep =
                    waiter(Urgency.DRAIN, firstPatience())
                            .retry(() -> client.sweep(options.sweepId()));
            return true;
        } catch (ServiceException | CancellationException e) {
            if (Thread.interrupted()) {
                throw interrupted(e);
            }
            if (!shutdown.is(Urgency.DRAIN)) {
                throw e;
            }
            endBy("it was ended while it waited for the registry");
            return false;
        }
    }

    private CountDownLatch startLoops() {
        CountDownLatch ended = new CountDownLatch(options.parallel());
        for (int slot = 0; slot < options.parallel(); slot++) {
            String name = slot == 0 ? options.name() : options.name() + "/" + slot;
            Loop loop = new Loop(this, name);
            Thread thread =
                    new Thread(
                            () -> {
                                try {
                                    loop.work();
                                } catch (RuntimeException e) {
                                    fail(e);
                                } finally {
                                    ended.countDown();
                                }
                            },
                            "wanllmdb-agent-" + slot);
            // The program waits for the agent, except after a further SIGINT.
            thread.setDaemon(true);
            thread.start();
        }
        return ended;
    }

    /** Waits until the loops have ended, or hold no run for too long. */
    private void waitFor(CountDownLatch ended) throws InterruptedException {
        long idleSince = System.nanoTime();
        InterruptedException interrupted = null;
        while (true) {
            try {
                if (ended.await(LOOK_PAUSE.toNanos(), TimeUnit.NANOSECONDS)) {
                    break;
                }
            } catch (InterruptedException e) {
                if (interrupted != null) {
                    throw e;
                }
                interrupted = e;
                shutdown.demand(Urgency.GIVE_BACK);
            }
            if (shutdown.is(Urgency.LEAVE)) {
                throw new InterruptedException(
                        "interrupted once more: runs are queued again when their leases run out");
            }
            if (!shutdown.is(Urgency.DRAIN) || !active.isEmpty()) {
                idleSince = System.nanoTime();
            }
            if (System.nanoTime() - idleSince > Protocol.IDLE_END.toNanos()) {
                break;
            }
        }
        if (interrupted != null) {
            throw interrupted;
        }
    }

    private void giveBack() {
        active.forEach(run -> run.orders.stop(Order.GIVE_BACK, "the agent was interrupted"));
    }

    /** Records the problem that ends the agent; the other loops let their runs end. */
    private synchronized void fail(RuntimeException e) {
        if (problem == null) {
            problem = e;
        }
        endBy("an error");
        shutdown.demand(Urgency.DRAIN);
    }

    private synchronized AgentResult result() {
        shutdown.signal().ifPresent(signal -> endedBy = "SIG" + signal);
        return new AgentResult(runs, failed, endedBy, shutdown.signal());
    }

    private static InterruptedException interrupted(Throwable cause) {
        InterruptedException e = new InterruptedException("interrupted before the agent began");
        e.initCause(cause);
        return e;
    }
}
