package dev.wanllmdb;

import com.google.protobuf.FieldMask;
import dev.wanllmdb.api.registry.v1.FinishRunRequest;
import dev.wanllmdb.api.registry.v1.FinishRunResponse;
import dev.wanllmdb.api.registry.v1.GetRunRequest;
import dev.wanllmdb.api.registry.v1.MetricRow;
import dev.wanllmdb.api.registry.v1.ParameterValue;
import dev.wanllmdb.api.registry.v1.ReleaseRunRequest;
import dev.wanllmdb.api.registry.v1.ReportMetricsRequest;
import dev.wanllmdb.api.registry.v1.ReportMetricsResponse;
import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.api.registry.v1.RunCommand;
import dev.wanllmdb.api.registry.v1.Sweep;
import dev.wanllmdb.api.registry.v1.SweepRegistryServiceGrpc;
import dev.wanllmdb.api.registry.v1.UpdateRunRequest;
import dev.wanllmdb.internal.Protocol;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Sends the reports of one attempt of a run. Values that the registry rejects are left out with a
 * warning, and the rest of the run is still reported.
 */
final class Sender {
    private final Client client;
    private final Run run;
    private final Consumer<RunCommand> obey;

    /** The metrics that the registry has accepted. */
    private final Set<String> known = new HashSet<>();

    private final Set<String> warned = new HashSet<>();

    /** Whether a limit of metrics was reached, so that new ones are not sent again. */
    private boolean onlyKnown;

    private volatile long repliedAt = System.nanoTime();

    Sender(Client client, Sweep sweep, Run run, Consumer<RunCommand> obey) {
        this.client = client;
        this.run = run;
        this.obey = obey;
        sweep.getSpec().getMetricsList().forEach(metric -> known.add(metric.getName()));
    }

    /** Sends rows that fit one request. */
    void report(List<Row> given, Duration deadline) {
        List<MetricRow> rows = Row.messages(given);
        synchronized (this) {
            if (onlyKnown) {
                rows = Rejected.kept(rows, (index, name) -> known.contains(name));
            }
        }
        Optional<ReportMetricsRequest> request =
                rows.isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                ReportMetricsRequest.newBuilder()
                                        .setSweepId(run.getSweepId())
                                        .setNumber(run.getNumber())
                                        .setAttempt(run.getAttempt())
                                        .addAllRows(rows)
                                        .setRequestId(Call.newRequestId())
                                        .build());
        while (request.isPresent()) {
            try {
                ReportMetricsResponse response =
                        client.call(
                                SweepRegistryServiceGrpc.getReportMetricsMethod(),
                                request.get(),
                                deadline);
                accepted(request.get().getRowsList());
                obey.accept(response.getCommand());
                return;
            } catch (ServiceException e) {
                if (!e.rejectsContent()) {
                    throw e;
                }
                warn(e);
                request = Rejected.reduced(request.get(), e, knownMetrics());
            }
        }
    }

    /** Sends rows, and waits for a registry that is unavailable. */
    void reportAll(Waiter waiter, List<Row> rows) {
        for (List<Row> batch : Batch.of(rows)) {
            waiter.retry(
                    () -> {
                        report(batch, Protocol.RUN_CALL_DEADLINE);
                        return true;
                    });
        }
    }

    /**
     * Sends the end of the run, with the last batch of rows in it, after the other batches. It
     * first tries to bring the end with another call. Returns the run as it ended.
     */
    Run finish(
            Waiter waiter,
            Outcome outcome,
            List<Row> rows,
            Map<String, ParameterValue> config,
            Function<FinishRunRequest, Optional<FinishRunResponse>> bring) {
        List<List<Row>> batches = Batch.of(rows);
        FinishRunRequest.Builder filled =
                FinishRunRequest.newBuilder()
                        .setSweepId(run.getSweepId())
                        .setNumber(run.getNumber())
                        .setAttempt(run.getAttempt())
                        .putAllConfig(config)
                        .setRequestId(Call.newRequestId());
        outcome.fill(filled);
        if (!batches.isEmpty()) {
            batches.subList(0, batches.size() - 1).forEach(each -> reportAll(waiter, each));
            filled.addAllRows(Row.messages(batches.get(batches.size() - 1)));
        }
        FinishRunRequest end = filled.build();
        Optional<FinishRunResponse> brought = bring.apply(end);
        return brought.isPresent() ? brought.get().getRun() : finish(waiter, end);
    }

    private Run finish(Waiter waiter, FinishRunRequest first) {
        FinishRunRequest end = first;
        while (true) {
            FinishRunRequest sent = end;
            try {
                return waiter.retry(
                                () ->
                                        client.call(
                                                SweepRegistryServiceGrpc.getFinishRunMethod(),
                                                sent,
                                                Protocol.RUN_CALL_DEADLINE))
                        .getRun();
            } catch (ServiceException e) {
                if (!e.rejectsContent()) {
                    throw e;
                }
                warn(e);
                end = Rejected.reduced(sent, e, knownMetrics()).orElseThrow(() -> e);
            }
        }
    }

    /** Stores the config of a run that another process finishes. */
    void storeConfig(Waiter waiter, Map<String, ParameterValue> config) {
        if (config.isEmpty()) {
            return;
        }
        UpdateRunRequest request =
                UpdateRunRequest.newBuilder()
                        .setRun(
                                Run.newBuilder()
                                        .setSweepId(run.getSweepId())
                                        .setNumber(run.getNumber())
                                        .putAllConfig(config))
                        .setUpdateMask(FieldMask.newBuilder().addPaths("config"))
                        .setRequestId(Call.newRequestId())
                        .build();
        waiter.retry(() -> update(request));
    }

    Run update(UpdateRunRequest request) {
        return client.call(
                        SweepRegistryServiceGrpc.getUpdateRunMethod(),
                        request,
                        Protocol.RUN_CALL_DEADLINE)
                .getRun();
    }

    /** Returns the run if this attempt of it has ended, for example by a child. */
    Optional<Run> endOfThisAttempt(Waiter waiter) {
        Run now = waiter.retry(() -> current(client, run.getSweepId(), run.getNumber()));
        return now.getAttempt() == run.getAttempt() && isFinal(now)
                ? Optional.of(now)
                : Optional.empty();
    }

    /** Gives the run back, so that any agent can get it. */
    static void release(Client client, Run run, String reason) {
        client.call(
                SweepRegistryServiceGrpc.getReleaseRunMethod(),
                ReleaseRunRequest.newBuilder()
                        .setSweepId(run.getSweepId())
                        .setNumber(run.getNumber())
                        .setAttempt(run.getAttempt())
                        .setReason(Texts.message(reason))
                        .build(),
                Protocol.RUN_CALL_DEADLINE);
    }

    /** Returns a run within the deadline of an agent's calls. */
    static Run current(Client client, String sweepId, long number) {
        return client.call(
                        SweepRegistryServiceGrpc.getGetRunMethod(),
                        GetRunRequest.newBuilder().setSweepId(sweepId).setNumber(number).build(),
                        Protocol.RUN_CALL_DEADLINE)
                .getRun();
    }

    /** Returns how long the registry has not answered a report. */
    Duration silence() {
        return Duration.ofNanos(System.nanoTime() - repliedAt);
    }

    private synchronized void accepted(List<MetricRow> rows) {
        repliedAt = System.nanoTime();
        // After a limit was reached, the known metrics may include values that were rejected.
        if (!onlyKnown) {
            rows.forEach(row -> known.addAll(row.getValuesMap().keySet()));
        }
    }

    private synchronized Set<String> knownMetrics() {
        return Set.copyOf(known);
    }

    private synchronized void warn(ServiceException e) {
        boolean namesRows =
                e.fields().stream()
                        .anyMatch(each -> !each.field().isEmpty() && !each.field().equals("rows"));
        onlyKnown |= !namesRows;
        if (warned.add(e.reasonName() + e.code())) {
            Log.warning(
                    "the registry rejects a part of run %s, which continues: %s",
                    run.getNumber(), e.getMessage());
        }
    }

    private static boolean isFinal(Run run) {
        return switch (run.getState()) {
            case RUN_STATE_UNSPECIFIED, RUN_STATE_QUEUED, RUN_STATE_RUNNING -> false;
            default -> true;
        };
    }
}
