package dev.wanllmdb;

import com.google.protobuf.FieldMask;
import dev.wanllmdb.api.registry.v1.FinishRunRequest;
import dev.wanllmdb.api.registry.v1.FinishRunResponse;
import dev.wanllmdb.api.registry.v1.ParameterValue;
import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.api.registry.v1.RunCommand;
import dev.wanllmdb.api.registry.v1.Sweep;
import dev.wanllmdb.api.registry.v1.UpdateRunRequest;
import dev.wanllmdb.internal.Protocol;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;
import java.util.function.Function;

/**
 * The run that training code works on. Threads may share it.
 *
 * <p>When the run is to stop, {@link #log} throws a {@link RunStoppedException}, which the code
 * lets pass, and the thread of the code is interrupted.
 */
public final class ActiveRun {
    /** Brings an end with another call; empty if FinishRun must send it. */
    interface Bring extends Function<FinishRunRequest, Optional<FinishRunResponse>> {}

    final Orders orders;
    private final Assignment assignment;
    private final Map<String, Object> parameters;
    private final Metrics metrics = new Metrics();
    private final Sender sender;
    private final Reporter reporter;
    private final Checks checks;
    private final Future<?> lease;

    private final Map<String, ParameterValue> config = new LinkedHashMap<>();
    private long nextStep;
    private long lastStep;
    private String name;
    private Map<String, String> labels;

    /** The name and the labels that an outage left. */
    private UpdateRunRequest undescribed;

    private boolean isOver;
    private Run ended;

    ActiveRun(Client client, Assignment assignment) {
        Run run = assignment.run();
        this.assignment = assignment;
        this.parameters = Collections.unmodifiableMap(Values.parameters(run));
        this.name = run.getName();
        this.labels = run.getLabelsMap();
        this.orders = new Orders(assignment.interrupts());
        long reported = assignment.continues() && run.hasLastStep() ? run.getLastStep() : -1;
        this.nextStep = reported + 1;
        this.lastStep = Math.max(reported, 0);
        if (run.getStopRequested()) {
            orders.obey(RunCommand.RUN_COMMAND_STOP);
        }
        this.sender = new Sender(client, assignment.sweep(), run, orders::obey);
        this.reporter = new Reporter(client.threads(), sender::report, orders::broken);
        this.checks =
                new Checks(
                        client,
                        run,
                        onlyMetric(assignment.sweep()),
                        reporter::flush,
                        orders,
                        assignment.nextCheck(),
                        reported);
        this.lease =
                assignment
                        .lease()
                        .map(each -> client.threads().submit(new Lease(client, run, each, orders)))
                        .orElse(null);
    }

    /** {@return the id of the run's sweep} */
    public String sweepId() {
        return assignment.run().getSweepId();
    }

    /** {@return the run's number in its sweep, from 0} */
    public long number() {
        return assignment.run().getNumber();
    }

    /** {@return how often the run was assigned to an agent, from 1} */
    public int attempt() {
        return assignment.run().getAttempt();
    }

    /**
     * {@return whether the run goes on from an earlier process of its agent, so that the program
     * looks for a checkpoint}
     */
    public boolean isResumed() {
        return assignment.resumed();
    }

    /** {@return the run's sweep as the agent found it} */
    public Sweep sweep() {
        return assignment.sweep();
    }

    /**
     * {@return the run's parameters by name, with groups as maps: null, or a Boolean, Long, Double,
     * String, List or Map}
     */
    public Map<String, Object> parameters() {
        return parameters;
    }

    /**
     * Returns the run's parameters as a record. A component has the name of its parameter, else a
     * {@link ParameterName}; that of a group is a record, too. Integers fit components of integers
     * and floating-point numbers, and the latter only those of floating-point numbers. A text fits
     * an enum constant of this name. A component of a parameter that the run may lack is an {@link
     * Optional}.
     *
     * @param type the record's class
     * @param <T> the record
     * @return the record
     * @throws InvalidException if a parameter is absent or does not fit, with its name
     */
    public <T extends Record> T parameters(Class<T> type) {
        return RecordReader.read(parameters, type, "");
    }

    /** {@return the step of the next {@link #log}: not 0 in a resumed run} */
    public synchronized long step() {
        return nextStep;
    }

    /** {@return whether the run is to stop, for code that seldom logs} */
    public boolean isStopping() {
        return orders.current().isPresent();
    }

    /**
     * Reports a value of the next step.
     *
     * @param metric the name
     * @param value the value; NaN and infinities are reported as they are
     * @throws RunStoppedException if the run must stop
     */
    public void log(String metric, double value) {
        log(Map.of(metric, value));
    }

    /**
     * Reports values of the next step. While the services are unavailable they are kept and sent
     * later.
     *
     * @param values numbers or truth values by name, or maps of them
     * @throws RunStoppedException if the run must stop
     */
    public synchronized void log(Map<String, ?> values) {
        report(nextStep, values);
    }

    /**
     * Reports values of a step. The next {@link #log} is one step later.
     *
     * @param step the step, from 0
     * @param values numbers or truth values by name, or maps of them
     * @throws RunStoppedException if the run must stop
     */
    public synchronized void logAt(long step, Map<String, ?> values) {
        report(step, values);
    }

    /**
     * Sets values that count as final ones, until the run logs a later value of the metric.
     *
     * @param values numbers or truth values by name, or maps of them
     */
    public synchronized void setSummary(Map<String, ?> values) {
        if (!isOver) {
            reporter.add(new Row.Key(lastStep, true), metrics.accepted(values));
        }
    }

    /**
     * Adds what the program changed or added to its parameters. It is stored at the end.
     *
     * @param name the name
     * @param value a value as {@link Values#write} takes it
     */
    public synchronized void setConfig(String name, Object value) {
        config.put(name, Values.write(value, name));
    }

    /**
     * Sets the run's name for people, and adds labels. While the registry is unavailable they are
     * kept, and stored before the run's end.
     *
     * @param name the name; empty to keep it
     * @param labels texts by label, which are added
     */
    public synchronized void describe(String name, Map<String, String> labels) {
        Map<String, String> all = new LinkedHashMap<>(this.labels);
        labels.forEach((label, text) -> all.put(Texts.sendable(label), Texts.sendable(text)));
        String newName = name.isEmpty() ? this.name : Texts.sendable(name);
        UpdateRunRequest request =
                UpdateRunRequest.newBuilder()
                        .setRun(
                                Run.newBuilder()
                                        .setSweepId(sweepId())
                                        .setNumber(number())
                                        .setName(newName)
                                        .putAllLabels(all))
                        .setUpdateMask(FieldMask.newBuilder().addPaths("name").addPaths("labels"))
                        .setRequestId(Call.newRequestId())
                        .build();
        UpdateRunRequest left = null;
        try {
            sender.update(request);
        } catch (ServiceException e) {
            if (!e.mayPass()) {
                throw e;
            }
            left = request;
        }
        this.name = newName;
        this.labels = all;
        this.undescribed = left;
    }

    /** Returns the run as it ended; null before, and if it is another agent's. */
    Run ended() {
        return ended;
    }

    private void report(long step, Map<String, ?> values) {
        checkGoesOn();
        if (step < 0 || step == Long.MAX_VALUE) {
            metrics.warn("a step is left out, which must be from 0 to 2^63 - 2", step);
            return;
        }
        Map<String, Double> accepted = metrics.accepted(values);
        reporter.add(new Row.Key(step, false), accepted);
        checks.observe(step, accepted);
        nextStep = step + 1;
        lastStep = Math.max(step, lastStep);
        try {
            checks.askIfDue();
            // Code that logs seldom learns of an order to stop by the answer.
            if (sender.silence().compareTo(Protocol.SILENCE) >= 0 && !reporter.isFailing()) {
                reporter.flush(Protocol.SILENCE_DEADLINE);
            }
        } catch (ServiceException e) {
            if (e.endsRun()) {
                orders.broken(e);
            }
        } catch (CancellationException e) {
            // The thread stays interrupted: by an order, which follows, or by the program.
        }
        checkGoesOn();
    }

    private void checkGoesOn() {
        orders.check();
        if (isOver) {
            throw new RunStoppedException("it has ended", null);
        }
    }

    /** Ends what reports beside training; returns the rows that are not sent yet, once. */
    synchronized Optional<List<Row>> close() {
        if (isOver) {
            return Optional.empty();
        }
        isOver = true;
        checks.close();
        return Optional.of(reporter.close());
    }

    /** Ends the heartbeats, which go on until the end is confirmed. */
    void endLease() {
        if (lease != null) {
            lease.cancel(true);
        }
    }

    /**
     * Ends the run once, and sends everything that was not sent yet.
     *
     * @param outcome how it ended; empty if no end is sent
     */
    void complete(Waiter waiter, Optional<Outcome> outcome, Bring bring) {
        Optional<List<Row>> rows = close();
        if (rows.isEmpty()) {
            return;
        }
        try {
            ended = outcome.isPresent()
                    ? sent(waiter, outcome.get(), rows.get(), bring)
                    : sender.endOfThisAttempt(waiter).orElse(null);
        } catch (ServiceException e) {
            // The run is another agent's, or was deleted.
            if (!e.endsRun()) {
                throw e;
            }
        } finally {
            endLease();
        }
    }

    /** Sends the end; returns the run as it ended, or null if it is another agent's. */
    private Run sent(Waiter waiter, Outcome outcome, List<Row> rows, Bring bring) {
        try {
            describeAtLast(waiter);
            return sender.finish(waiter, outcome, rows, configValues(), bring);
        } catch (ServiceException e) {
            if (!e.endsRun()) {
                throw e;
            }
            return sender.endOfThisAttempt(waiter).orElse(null);
        }
    }

    /** Delivers what was reported, for a run that another process ends. */
    void deliver(Waiter waiter) {
        Optional<List<Row>> rows = close();
        if (rows.isPresent()) {
            sender.reportAll(waiter, rows.get());
            describeAtLast(waiter);
            sender.storeConfig(waiter, configValues());
        }
    }

    /** Stores the name and labels that an outage left, unless the registry rejects them. */
    private void describeAtLast(Waiter waiter) {
        UpdateRunRequest request;
        synchronized (this) {
            request = undescribed;
            undescribed = null;
        }
        if (request == null) {
            return;
        }
        try {
            waiter.retry(() -> sender.update(request));
        } catch (ServiceException e) {
            if (e.mayPass() || e.endsRun()) {
                throw e;
            }
            Log.warning(
                    "the name and labels of run %s could not be stored: %s",
                    number(), e.getMessage());
        }
    }

    /** Returns the config as it is stored, without what is too much. */
    private synchronized Map<String, ParameterValue> configValues() {
        Map<String, ParameterValue> stored = new LinkedHashMap<>();
        long bytes = 0;
        for (Map.Entry<String, ParameterValue> each : config.entrySet()) {
            bytes += Texts.utf8Length(each.getKey()) + each.getValue().getSerializedSize();
            if (stored.size() == Protocol.CONFIG_MAX_ENTRIES || bytes > Protocol.CONFIG_MAX_BYTES) {
                metrics.warn(
                        "entries of the config are left out: at most 1,000 of 256 KiB are stored",
                        each.getKey());
                break;
            }
            stored.put(each.getKey(), each.getValue());
        }
        return stored;
    }

    /** Returns the metric of a sweep with exactly one; empty for any other sweep. */
    private static String onlyMetric(Sweep sweep) {
        var metrics = sweep.getSpec().getMetricsList();
        return metrics.size() == 1 ? metrics.get(0).getName() : "";
    }
}
