package dev.wanllmdb;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/**
 * Takes runs of a sweep, and calls training code for each, until the sweep has no more. It renews
 * leases, sends values in batches, asks whether runs are to stop early, and waits for services that
 * are unavailable.
 *
 * <p>The methods configure the agent and return it; {@link #run} begins.
 */
public final class Agent {
    private final Client client;
    private final Variables variables;
    private final String sweepId;
    private long count = Long.MAX_VALUE;
    private int parallel = 1;
    private String id;
    private boolean resumes;
    private boolean stays;
    private boolean handlesSignals = true;
    private boolean interrupts = true;
    private Optional<Failures> failures = Optional.empty();

    Agent(Client client, Variables variables, String sweepId) {
        this.client = client;
        this.variables = variables;
        this.sweepId = sweepId;
        this.id = variables.text(Variables.AGENT_ID);
        this.resumes = variables.flagged(Variables.RESUME);
        this.stays = variables.flagged(Variables.STAY);
    }

    /**
     * Limits the number of runs.
     *
     * @param runs the most runs that the agent works on
     * @return this agent
     */
    public Agent count(long runs) {
        this.count = runs;
        return this;
    }

    /**
     * Has the agent work on several runs at a time, each in a thread of its own.
     *
     * @param runs how many
     * @return this agent
     */
    public Agent parallel(int runs) {
        this.parallel = runs;
        return this;
    }

    /**
     * Sets the agent's name.
     *
     * @param id the name, unique among running agents
     * @return this agent
     */
    public Agent id(String id) {
        this.id = id;
        return this;
    }

    /**
     * Has the agent begin with the runs that it held, by its name, before it was ended.
     *
     * @return this agent
     */
    public Agent resume() {
        this.resumes = true;
        return this;
    }

    /**
     * Has the agent wait as long as runs of other agents may be lost and queued again.
     *
     * @return this agent
     */
    public Agent stay() {
        this.stays = true;
        return this;
    }

    /**
     * Sets how many failed runs the agent accepts.
     *
     * @param limits the limits
     * @return this agent
     */
    public Agent failures(Failures limits) {
        this.failures = Optional.of(limits);
        return this;
    }

    /**
     * Leaves SIGINT and SIGTERM to the program, which ends the agent by an interrupt of the thread
     * that called {@link #run}.
     *
     * @return this agent
     */
    public Agent withoutSignals() {
        this.handlesSignals = false;
        return this;
    }

    /**
     * Has orders to stop interrupt no thread: the code learns of them by {@link ActiveRun#log} and
     * {@link ActiveRun#isStopping}. An interrupt closes a FileChannel in use.
     *
     * @return this agent
     */
    public Agent withoutInterrupts() {
        this.interrupts = false;
        return this;
    }

    /**
     * Works on runs until the sweep has no more. The code is called in threads of the agent.
     *
     * <p>The first SIGINT lets the runs in progress end; the second one, SIGTERM and an interrupt
     * of this thread stop them and give them back, so that other agents get them. A signal is no
     * error: the result has it.
     *
     * @param code what trains
     * @return what the agent did
     * @throws GaveUpException after too many failed runs
     * @throws ServiceException if services were unavailable for too long, or reject the agent
     * @throws UndeliveredException if the end of a run could not be delivered within the patience
     * @throws InterruptedException if this thread was interrupted, after the runs were given back,
     *     or at once after a further interrupt or SIGINT
     */
    public AgentResult run(RunCode code) throws InterruptedException {
        if (resumes && id.isEmpty()) {
            throw new InvalidException(
                    "resume",
                    "needs the agent's earlier name, which stays the same when the job restarts:"
                            + " use id, or set " + Variables.AGENT_ID);
        }
        String name = id.isEmpty() ? madeUpName() : id;
        Failures limits = failures.orElseGet(() -> Failures.of(variables));
        AgentSession session =
                new AgentSession(
                        client,
                        code,
                        new AgentSession.Options(
                                sweepId, name, count, Math.max(parallel, 1), resumes, stays,
                                interrupts, limits));
        return session.work(handlesSignals);
    }

    private static String madeUpName() {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            host = "unknown";
        }
        return host + "-" + ProcessHandle.current().pid() + "-"
                + Call.newRequestId().substring(0, 6);
    }
}
