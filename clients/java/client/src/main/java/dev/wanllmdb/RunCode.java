package dev.wanllmdb;

/** The code of a run: what trains with the run's parameters, and logs values. */
@FunctionalInterface
public interface RunCode {
    /**
     * Works on one run. The run succeeds if this method returns, and fails if it throws, unless it
     * was stopped.
     *
     * @param run the run
     * @throws Exception if the run fails, or is stopped
     */
    void train(ActiveRun run) throws Exception;
}
