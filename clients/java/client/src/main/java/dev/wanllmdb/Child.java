package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.api.registry.v1.RunState;
import dev.wanllmdb.api.registry.v1.Sweep;
import dev.wanllmdb.api.suggestion.v1.ShouldStopRequest;
import dev.wanllmdb.api.suggestion.v1.ShouldStopResponse;
import dev.wanllmdb.api.suggestion.v1.SuggestionServiceGrpc;
import dev.wanllmdb.internal.Protocol;
import io.grpc.Status;
import java.util.Optional;
import java.util.OptionalLong;

/** The program of a command agent, which reports for the run that the agent gave it. */
final class Child {
    private final Client client;
    private final AssignedRun assigned;

    /** A command agent that started this process knows the services. */
    private final Waiter waiter;

    private Child(Client client, AssignedRun assigned) {
        this.client = client;
        this.assigned = assigned;
        this.waiter = Waiter.untilInterrupted(client.settings().patience());
    }

    static Child of(Client client) {
        AssignedRun assigned =
                client.assignedRun()
                        .orElseThrow(
                                () ->
                                        new NoRunException(
                                                "no command agent started this process: start it"
                                                        + " with `wanllmdb agent SWEEP --"
                                                        + " PROGRAM`"));
        return new Child(client, assigned);
    }

    void work(RunCode code) throws Exception {
        ActiveRun run = new ActiveRun(client, find());
        Throwable ended = Loop.trained(run, code);
        if (leave(run, ended) || ended == null) {
            return;
        }
        if (ended instanceof Error error) {
            throw error;
        }
        throw (Exception) ended;
    }

    /** Returns the run as it is now, with the first check that is due. */
    private Assignment find() {
        Sweep sweep = waiter.retry(() -> client.sweep(assigned.sweepId()));
        Run run =
                waiter.retry(
                        () -> Sender.current(client, assigned.sweepId(), assigned.number()));
        if (run.getAttempt() != assigned.attempt()
                || run.getState() != RunState.RUN_STATE_RUNNING) {
            throw new NoRunException(
                    String.format(
                            "run %d of sweep %s is no longer this process's: its attempt is %d and"
                                    + " its state %s",
                            assigned.number(), assigned.sweepId(), run.getAttempt(),
                            run.getState()));
        }
        OptionalLong nextCheck =
                sweep.getSpec().hasEarlyTermination() ? firstCheck(run) : OptionalLong.empty();
        return new Assignment(
                sweep, run, nextCheck, assigned.resumed(), true, Optional.empty(), true);
    }

    private OptionalLong firstCheck(Run run) {
        try {
            ShouldStopResponse answer =
                    client.call(
                            SuggestionServiceGrpc.getShouldStopMethod(),
                            ShouldStopRequest.newBuilder()
                                    .setSweepId(assigned.sweepId())
                                    .setNumber(assigned.number())
                                    .build(),
                            Protocol.CHECK_DEADLINE);
            return answer.hasNextCheckIteration()
                    ? OptionalLong.of(answer.getNextCheckIteration())
                    : OptionalLong.empty();
        } catch (ServiceException e) {
            // Without an answer the first check is due at the first value.
            return OptionalLong.of(run.getMetricValues() + 1);
        }
    }

    /**
     * Delivers what was reported, and the end if the exit code can't say it; returns whether the
     * registry has the end.
     */
    private boolean leave(ActiveRun run, Throwable ended) {
        RunStoppedException stopped =
                run.orders
                        .current()
                        .or(
                                () ->
                                        Outcome.stopWithin(ended)
                                                .map(
                                                        own ->
                                                                new RunStoppedException(
                                                                        own.reason(),
                                                                        Order.CANCEL)))
                        .orElse(null);
        if (stopped != null && stopped.order() == Order.LEASE_LOST) {
            run.close();
            throw stopped.again();
        }
        Optional<Outcome> outcome = Outcome.of(ended, stopped);
        boolean ends =
                stopped != null
                        && outcome.isPresent()
                        && outcome.get().kind() != Outcome.Kind.SUCCEEDED;
        try {
            if (ends) {
                run.complete(waiter, outcome, end -> Optional.empty());
            } else {
                run.deliver(waiter);
            }
        } catch (ServiceException e) {
            // An error of the code says more.
            if (ends || ended == null && !e.endsRun() && e.code() != Status.Code.NOT_FOUND) {
                throw new UndeliveredException(
                        "the values of run " + run.number() + " could not be delivered", e);
            }
        }
        return ends;
    }
}
