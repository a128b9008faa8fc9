package dev.wanllmdb;

import java.util.Optional;

/**
 * The run that a command agent gave to this process.
 *
 * @param sweepId the id of the run's sweep
 * @param number the run's number
 * @param attempt how often the run was assigned to an agent, from 1
 * @param resumed whether the agent held the run before it was ended
 */
public record AssignedRun(String sweepId, long number, int attempt, boolean resumed) {

    /** Returns the run that the environment names; empty for none. */
    static Optional<AssignedRun> find(Variables variables) {
        String sweepId = variables.text(Variables.SWEEP_ID);
        if (sweepId.isEmpty()) {
            return Optional.empty();
        }
        long number = variables.wholeNumber(Variables.RUN_NUMBER, Long.MAX_VALUE);
        long attempt = variables.wholeNumber(Variables.RUN_ATTEMPT, Integer.MAX_VALUE);
        boolean resumed = variables.flagged(Variables.RUN_RESUMED);
        return Optional.of(new AssignedRun(sweepId, number, (int) attempt, resumed));
    }
}
