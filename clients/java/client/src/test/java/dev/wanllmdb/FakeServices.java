package dev.wanllmdb;

import com.google.protobuf.Duration;
import dev.wanllmdb.api.registry.v1.CreateSweepRequest;
import dev.wanllmdb.api.registry.v1.CreateSweepResponse;
import dev.wanllmdb.api.registry.v1.EarlyTermination;
import dev.wanllmdb.api.registry.v1.FinishRunRequest;
import dev.wanllmdb.api.registry.v1.FinishRunResponse;
import dev.wanllmdb.api.registry.v1.FinishRunResult;
import dev.wanllmdb.api.registry.v1.GetRunRequest;
import dev.wanllmdb.api.registry.v1.GetRunResponse;
import dev.wanllmdb.api.registry.v1.GetSweepRequest;
import dev.wanllmdb.api.registry.v1.GetSweepResponse;
import dev.wanllmdb.api.registry.v1.Goal;
import dev.wanllmdb.api.registry.v1.MetricRow;
import dev.wanllmdb.api.registry.v1.ParameterValue;
import dev.wanllmdb.api.registry.v1.ReleaseRunRequest;
import dev.wanllmdb.api.registry.v1.ReleaseRunResponse;
import dev.wanllmdb.api.registry.v1.ReportMetricsRequest;
import dev.wanllmdb.api.registry.v1.ReportMetricsResponse;
import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.api.registry.v1.RunState;
import dev.wanllmdb.api.registry.v1.Sweep;
import dev.wanllmdb.api.registry.v1.SweepRegistryServiceGrpc;
import dev.wanllmdb.api.registry.v1.SweepSpec;
import dev.wanllmdb.api.registry.v1.SweepState;
import dev.wanllmdb.api.registry.v1.UpdateRunRequest;
import dev.wanllmdb.api.registry.v1.UpdateRunResponse;
import dev.wanllmdb.api.suggestion.v1.ExhaustedReason;
import dev.wanllmdb.api.suggestion.v1.GetBestRunsRequest;
import dev.wanllmdb.api.suggestion.v1.GetBestRunsResponse;
import dev.wanllmdb.api.suggestion.v1.ShouldStopRequest;
import dev.wanllmdb.api.suggestion.v1.ShouldStopResponse;
import dev.wanllmdb.api.suggestion.v1.SuggestRequest;
import dev.wanllmdb.api.suggestion.v1.SuggestResponse;
import dev.wanllmdb.api.suggestion.v1.SuggestionServiceGrpc;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.LongPredicate;

/**
 * Both services for tests: one sweep, whose runs they assign, and about which they accept
 * everything.
 */
final class FakeServices implements AutoCloseable {
    static final String SWEEP_ID = "k6rsniyyjhjy";

    final List<Long> released = Collections.synchronizedList(new ArrayList<>());
    final List<UpdateRunRequest> updates = Collections.synchronizedList(new ArrayList<>());
    final Map<Long, FinishRunRequest> ends = new ConcurrentHashMap<>();
    private final Map<Long, SortedMap<Long, Double>> losses = new HashMap<>();
    private final long runs;
    private final Server server;
    private final AtomicInteger sweepsRead = new AtomicInteger();
    private long assigned;

    /** Decides ShouldStop; null for a sweep without early termination. */
    private LongPredicate stops;

    /** Decides on reports; empty to accept. */
    private volatile Function<ReportMetricsRequest, Optional<Status>> reports =
            request -> Optional.empty();

    private FakeServices(long runs, NettyServerBuilder builder) throws IOException {
        this.runs = runs;
        this.server =
                builder.addService(new Registry()).addService(new Suggestion()).build().start();
    }

    private static NettyServerBuilder onLoopback() {
        return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0));
    }

    /** Serves a sweep with one run at a socket of the file system. */
    static FakeServices at(Path socket, EventLoopGroup group) throws IOException {
        return new FakeServices(
                1,
                NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toString()))
                        .channelType(EpollServerDomainSocketChannel.class)
                        .bossEventLoopGroup(group)
                        .workerEventLoopGroup(group));
    }

    /** Serves a sweep with this many runs. */
    static FakeServices of(long runs) throws IOException {
        return new FakeServices(runs, onLoopback());
    }

    /** Serves a sweep with TLS; clients may need the same certificate. */
    static FakeServices with(Certificate certificate, ClientAuth ofClients) throws IOException {
        SslContextBuilder tls =
                GrpcSslContexts.forServer(
                                certificate.file().toFile(), certificate.key().toFile())
                        .trustManager(certificate.file().toFile())
                        .clientAuth(ofClients);
        return new FakeServices(1, onLoopback().sslContext(tls.build()));
    }

    /** Stops runs early. */
    FakeServices stopping(LongPredicate stops) {
        this.stops = stops;
        return this;
    }

    /** Answers reports otherwise. */
    FakeServices reporting(Function<ReportMetricsRequest, Optional<Status>> reports) {
        this.reports = reports;
        return this;
    }

    /** Returns the address of both services. */
    String address() {
        return "127.0.0.1:" + server.getPort();
    }

    Client client() {
        return Client.builder()
                .environment(name -> null)
                .registry(address())
                .suggestion(address())
                .build();
    }

    /** Returns how often the sweep was read. */
    int sweepsRead() {
        return sweepsRead.get();
    }

    /** Returns the values of "loss" of a run, by step. */
    synchronized SortedMap<Long, Double> losses(long number) {
        return new TreeMap<>(losses.getOrDefault(number, new TreeMap<>()));
    }

    /** Ends the services. */
    void stop() {
        server.shutdownNow();
    }

    @Override
    public void close() {
        stop();
    }

    private synchronized void accept(long number, List<MetricRow> rows) {
        for (MetricRow row : rows) {
            Double loss = row.getValuesMap().get("loss");
            if (loss != null) {
                losses.computeIfAbsent(number, each -> new TreeMap<>()).put(row.getStep(), loss);
            }
        }
    }

    private FinishRunResponse finish(FinishRunRequest end) {
        accept(end.getNumber(), end.getRowsList());
        ends.put(end.getNumber(), end);
        return FinishRunResponse.newBuilder().setRun(run(end.getNumber())).build();
    }

    private Sweep sweep() {
        SweepSpec.Builder spec = SweepSpec.newBuilder();
        spec.addMetricsBuilder().setName("loss").setGoal(Goal.GOAL_MINIMIZE);
        if (stops != null) {
            spec.setEarlyTermination(EarlyTermination.getDefaultInstance());
        }
        return Sweep.newBuilder()
                .setSweepId(SWEEP_ID)
                .setSpec(spec)
                .setState(SweepState.SWEEP_STATE_RUNNING)
                .build();
    }

    private Run run(long number) {
        Run.Builder run =
                Run.newBuilder()
                        .setSweepId(SWEEP_ID)
                        .setNumber(number)
                        .setAttempt(1)
                        .setState(state(ends.get(number)))
                        .putParameters(
                                "lr",
                                ParameterValue.newBuilder()
                                        .setDoubleValue(0.01 / (number + 1))
                                        .build())
                        .putParameters(
                                "layers",
                                ParameterValue.newBuilder().setIntValue(number % 4 + 1).build());
        SortedMap<Long, Double> values = losses(number);
        if (!values.isEmpty()) {
            run.setObjective(values.get(values.lastKey()));
        }
        return run.build();
    }

    private static RunState state(FinishRunRequest end) {
        if (end == null) {
            return RunState.RUN_STATE_RUNNING;
        }
        return switch (end.getOutcomeCase()) {
            case SUCCEEDED -> RunState.RUN_STATE_FINISHED;
            case PRUNED -> RunState.RUN_STATE_PRUNED;
            case CANCELED -> RunState.RUN_STATE_CANCELED;
            default -> RunState.RUN_STATE_FAILED;
        };
    }

    private static <T> void answer(StreamObserver<T> observer, T message) {
        observer.onNext(message);
        observer.onCompleted();
    }

    private final class Registry extends SweepRegistryServiceGrpc.SweepRegistryServiceImplBase {
        @Override
        public void createSweep(
                CreateSweepRequest request, StreamObserver<CreateSweepResponse> observer) {
            answer(observer, CreateSweepResponse.newBuilder().setSweep(sweep()).build());
        }

        @Override
        public void getSweep(GetSweepRequest request, StreamObserver<GetSweepResponse> observer) {
            sweepsRead.incrementAndGet();
            answer(observer, GetSweepResponse.newBuilder().setSweep(sweep()).build());
        }

        @Override
        public void getRun(GetRunRequest request, StreamObserver<GetRunResponse> observer) {
            answer(observer, GetRunResponse.newBuilder().setRun(run(request.getNumber())).build());
        }

        @Override
        public void reportMetrics(
                ReportMetricsRequest request, StreamObserver<ReportMetricsResponse> observer) {
            Optional<Status> rejected = reports.apply(request);
            if (rejected.isPresent()) {
                observer.onError(rejected.get().asRuntimeException());
                return;
            }
            accept(request.getNumber(), request.getRowsList());
            answer(observer, ReportMetricsResponse.getDefaultInstance());
        }

        @Override
        public void updateRun(
                UpdateRunRequest request, StreamObserver<UpdateRunResponse> observer) {
            updates.add(request);
            answer(observer, UpdateRunResponse.newBuilder().setRun(request.getRun()).build());
        }

        @Override
        public void finishRun(FinishRunRequest end, StreamObserver<FinishRunResponse> observer) {
            answer(observer, finish(end));
        }

        @Override
        public void releaseRun(
                ReleaseRunRequest request, StreamObserver<ReleaseRunResponse> observer) {
            released.add(request.getNumber());
            answer(observer, ReleaseRunResponse.getDefaultInstance());
        }
    }

    private final class Suggestion extends SuggestionServiceGrpc.SuggestionServiceImplBase {
        @Override
        public void suggest(SuggestRequest request, StreamObserver<SuggestResponse> observer) {
            SuggestResponse.Builder response = SuggestResponse.newBuilder();
            for (FinishRunRequest end : request.getEndedRunsList()) {
                response.addEndedRuns(FinishRunResult.newBuilder().setResponse(finish(end)));
            }
            synchronized (FakeServices.this) {
                if (assigned == runs) {
                    response.setExhausted(ExhaustedReason.EXHAUSTED_REASON_RUN_CAP);
                } else {
                    response.setLeaseDuration(Duration.newBuilder().setSeconds(60));
                    response.addRuns(run(assigned++));
                    if (stops != null) {
                        response.setNextCheckIteration(2);
                    }
                }
            }
            answer(observer, response.build());
        }

        @Override
        public void shouldStop(
                ShouldStopRequest request, StreamObserver<ShouldStopResponse> observer) {
            boolean stop = stops != null && stops.test(request.getNumber());
            answer(
                    observer,
                    ShouldStopResponse.newBuilder()
                            .setShouldStop(stop)
                            .setReason("worse than the best")
                            .build());
        }

        @Override
        public void getBestRuns(
                GetBestRunsRequest request, StreamObserver<GetBestRunsResponse> observer) {
            Optional<Run> best = Optional.empty();
            for (long number = 0; number < runs; number++) {
                Run each = run(number);
                if (each.hasObjective()
                        && best.filter(b -> b.getObjective() <= each.getObjective()).isEmpty()) {
                    best = Optional.of(each);
                }
            }
            answer(
                    observer,
                    GetBestRunsResponse.newBuilder().addAllRuns(best.stream().toList()).build());
        }
    }
}
