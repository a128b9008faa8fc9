package dev.wanllmdb;

import dev.wanllmdb.Shutdown.Urgency;
import dev.wanllmdb.api.registry.v1.FinishRunRequest;
import dev.wanllmdb.api.registry.v1.FinishRunResponse;
import dev.wanllmdb.api.registry.v1.FinishRunResult;
import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.api.suggestion.v1.ExhaustedReason;
import dev.wanllmdb.api.suggestion.v1.SuggestRequest;
import dev.wanllmdb.api.suggestion.v1.SuggestResponse;
import dev.wanllmdb.api.suggestion.v1.SuggestionServiceGrpc;
import dev.wanllmdb.internal.Pauses;
import dev.wanllmdb.internal.Protocol;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Works on one run at a time. The Suggest for the next run brings the end of the run before, which
 * saves a call.
 */
final class Loop {
    private final AgentSession agent;
    private final Client client;
    private final String name;

    /** Whether to begin with the runs that this name holds. */
    private boolean resumes;

    /** Whether the suggestion service has answered. */
    private boolean isKnown;

    private boolean hasClaim;

    /** The answer to the Suggest that brought the last run's end. */
    private SuggestResponse ahead;

    /** The request id of such a Suggest that got no answer. */
    private String unanswered = "";

    Loop(AgentSession agent, String name) {
        this.agent = agent;
        this.client = agent.client;
        this.name = name;
        this.resumes = agent.options.resumes();
    }

    /** Works on runs until the sweep has no more, or the loop may take no more. */
    void work() {
        try {
            while (ahead != null || goesOn() && claims()) {
                hasClaim = false;
                Optional<SuggestResponse> suggestion = next();
                if (suggestion.isEmpty()) {
                    return;
                }
                workOnAll(suggestion.get());
            }
        } finally {
            if (ahead != null) {
                giveBackAll(ahead.getRunsList());
            }
        }
    }

    private boolean goesOn() {
        return !agent.shutdown.is(Urgency.DRAIN);
    }

    /** Reserves one more run, which stays reserved until a run begins. */
    private boolean claims() {
        hasClaim = hasClaim || agent.claim();
        return hasClaim;
    }

    private void workOnAll(SuggestResponse suggestion) {
        List<Run> runs = suggestion.getRunsList();
        for (int i = 0; i < runs.size(); i++) {
            try {
                workOn(runs.get(i), suggestion);
            } catch (RuntimeException e) {
                giveBackAll(runs.subList(i + 1, runs.size()));
                throw e;
            }
        }
    }

    /** Works on one run, and reports how it ended. */
    private void workOn(Run assigned, SuggestResponse suggestion) {
        ActiveRun run = begin(assigned, suggestion);
        agent.began(run);
        if (!goesOn()) {
            // The run was assigned after the agent stopped taking runs.
            giveBack(run, assigned, "the agent was interrupted");
            return;
        }
        Log.info(
                "run %s of sweep %s%s: %s",
                run.number(), run.sweepId(), run.isResumed() ? ", resumed" : "", run.parameters());
        Throwable ended = trained(run, agent.code);
        RunStoppedException stopped = run.orders.current().orElse(null);
        if (stopped != null && stopped.order() == Order.GIVE_BACK) {
            giveBack(run, assigned, stopped.reason());
            return;
        }
        complete(run, Outcome.of(ended, stopped));
        agent.finished(run, ended);
    }

    private ActiveRun begin(Run assigned, SuggestResponse suggestion) {
        OptionalLong nextCheck =
                suggestion.hasNextCheckIteration()
                        ? OptionalLong.of(suggestion.getNextCheckIteration())
                        : OptionalLong.empty();
        Duration lease =
                Duration.ofSeconds(
                        suggestion.getLeaseDuration().getSeconds(),
                        suggestion.getLeaseDuration().getNanos());
        boolean resumed = suggestion.getResumed();
        try {
            return new ActiveRun(
                    client,
                    new Assignment(
                            agent.sweep(), assigned, nextCheck, resumed, resumed,
                            Optional.of(lease), agent.options.interrupts()));
        } catch (RuntimeException e) {
            giveBackAll(List.of(assigned));
            throw e;
        }
    }

    /** Calls the code of a run; returns what it throws, or null. */
    static Throwable trained(ActiveRun run, RunCode code) {
        run.orders.begin();
        try {
            code.train(run);
            return null;
        } catch (Throwable e) {
            return e;
        } finally {
            run.orders.end();
        }
    }

    private void complete(ActiveRun run, Optional<Outcome> outcome) {
        // The agent may give up after a failure, and then takes no further run.
        boolean brings = outcome.isPresent() && outcome.get().kind() != Outcome.Kind.FAILED;
        ActiveRun.Bring bring = brings ? this::bring : end -> Optional.empty();
        Duration patience = client.settings().patience();
        try {
            run.complete(agent.waiter(Urgency.GIVE_BACK, patience), outcome, bring);
        } catch (ServiceException e) {
            agent.gaveBack(run);
            throw new UndeliveredException(
                    "the end of run " + run.number() + " could not be delivered; the run is queued"
                            + " again when its lease runs out",
                    e);
        }
        Log.info(
                "run %s of sweep %s ended: %s",
                run.number(),
                run.sweepId(),
                run.ended() == null ? "it is another agent's" : run.ended().getState());
    }

    private void giveBack(ActiveRun run, Run assigned, String reason) {
        agent.gaveBack(run);
        run.close();
        try {
            giveBack(assigned, reason);
        } finally {
            run.endLease();
        }
    }

    /** Gives back runs that the loop has not begun. */
    private void giveBackAll(List<Run> runs) {
        runs.forEach(run -> giveBack(run, "the agent was ended by an error"));
    }

    private void giveBack(Run run, String reason) {
        try {
            Sender.release(client, run, reason);
            Log.info("run %s was given back", run.getNumber());
        } catch (ServiceException e) {
            Log.warning(
                    "run %s could not be given back, and is queued again when its lease runs out:"
                            + " %s",
                    run.getNumber(), e.getMessage());
        }
    }

    /**
     * Sends a run's end with the Suggest for the next run; empty if FinishRun must send the end.
     * Without an answer the next Suggest repeats this one, without the end.
     */
    private Optional<FinishRunResponse> bring(FinishRunRequest end) {
        if (resumes
                || end.getSerializedSize() > Protocol.MAX_BROUGHT_BYTES
                || !goesOn()
                || !claims()) {
            return Optional.empty();
        }
        SuggestRequest request = request(Call.newRequestId()).toBuilder().addEndedRuns(end).build();
        try {
            ahead = client.call(SuggestionServiceGrpc.getSuggestMethod(), request);
        } catch (ServiceException e) {
            unanswered = request.getRequestId();
            return Optional.empty();
        }
        // FinishRun sends a rejected end again, which returns the error, and one without a result.
        return ahead.getEndedRunsList().stream()
                .findFirst()
                .filter(FinishRunResult::hasResponse)
                .map(FinishRunResult::getResponse);
    }

    private SuggestRequest request(String id) {
        return SuggestRequest.newBuilder()
                .setSweepId(agent.options.sweepId())
                .setCount(1)
                .setAgentId(name)
                .setRequestId(id)
                .setResume(resumes)
                .build();
    }

    /** Returns the next runs; empty when there are no more. */
    private Optional<SuggestResponse> next() {
        String id = unanswered.isEmpty() ? Call.newRequestId() : unanswered;
        unanswered = "";
        Pauses pauses = new Pauses(Protocol.POLL_FIRST_PAUSE, Protocol.POLL_LONGEST_PAUSE);
        while (true) {
            try {
                SuggestResponse suggestion = suggest(id);
                if (suggestion.getRunsCount() > 0) {
                    return Optional.of(suggestion);
                }
                boolean isExhausted =
                        suggestion.getExhausted()
                                != ExhaustedReason.EXHAUSTED_REASON_UNSPECIFIED;
                if (isExhausted && !stays(suggestion)) {
                    agent.endBy(whyExhausted(suggestion));
                    return Optional.empty();
                }
                pauses.limit(
                        isExhausted ? Protocol.STAY_LONGEST_PAUSE : Protocol.POLL_LONGEST_PAUSE);
            } catch (ServiceException e) {
                if (endsWell(e)) {
                    return Optional.empty();
                }
            }
            if (agent.shutdown.await(Urgency.DRAIN, pauses.next())) {
                return Optional.empty();
            }
            id = Call.newRequestId();
        }
    }

    /** Asks for the next run, and waits for a service that is unavailable. */
    private SuggestResponse suggest(String id) {
        if (ahead != null) {
            SuggestResponse answer = ahead;
            ahead = null;
            return answer;
        }
        // A service that never answered may have a wrong address, which is reported soon.
        Duration patience = isKnown ? client.settings().patience() : agent.firstPatience();
        SuggestResponse answer =
                agent.waiter(Urgency.DRAIN, patience)
                        .retry(
                                () ->
                                        client.call(
                                                SuggestionServiceGrpc.getSuggestMethod(),
                                                request(id)));
        isKnown = true;
        // The agent may hold several runs: the next one is requested after this one.
        resumes = resumes && answer.getResumed();
        return answer;
    }

    /** Returns whether the loop ends well after an error; false if it asks again. */
    private boolean endsWell(ServiceException e) {
        if (e.code() == Status.Code.NOT_FOUND) {
            return sweepNotFound(e);
        }
        if (e.reason() == Reason.SWEEP_NOT_RUNNING) {
            String state = e.metadata().getOrDefault("state", "");
            if (state.equals("PAUSED")) {
                Log.info(
                        "sweep %s is paused: waiting until it is resumed", agent.options.sweepId());
                return false;
            }
            agent.endBy("the sweep is " + state);
            return true;
        }
        if (!goesOn()) {
            return true;
        }
        throw e;
    }

    /** Ends the loop well if the sweep was deleted; throws if this agent's registry has it. */
    private boolean sweepNotFound(ServiceException e) {
        String sweepId = agent.options.sweepId();
        try {
            client.sweep(sweepId);
        } catch (ServiceException there) {
            if (there.code() != Status.Code.NOT_FOUND) {
                throw there;
            }
            agent.endBy("the sweep was deleted");
            return true;
        }
        Settings settings = client.settings();
        throw e.withMessage(
                String.format(
                        "the suggestion service at %s does not know sweep %s, which the registry at"
                                + " %s has: that service was started for another registry",
                        settings.suggestion().address(), sweepId,
                        settings.registry().address()));
    }

    /** Returns whether to wait for runs of other agents that may be lost and queued again. */
    private boolean stays(SuggestResponse suggestion) {
        return agent.options.stays()
                && suggestion.getRunningRuns() > 0
                && switch (suggestion.getExhausted()) {
                    case EXHAUSTED_REASON_RUN_CAP, EXHAUSTED_REASON_SPACE_EXHAUSTED -> true;
                    default -> false;
                };
    }

    private static String whyExhausted(SuggestResponse suggestion) {
        return "the sweep has no more runs"
                + switch (suggestion.getExhausted()) {
                    case EXHAUSTED_REASON_RUN_CAP -> ": its run_cap was reached";
                    case EXHAUSTED_REASON_SPACE_EXHAUSTED ->
                            ": every point of its search space was assigned";
                    case EXHAUSTED_REASON_TARGET_REACHED -> ": its target was reached";
                    case EXHAUSTED_REASON_TERMINATED ->
                            ": its terminator ended it: " + suggestion.getMessage();
                    default -> "";
                };
    }
}
