package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.CreateSweepRequest;
import dev.wanllmdb.api.registry.v1.CreateSweepResponse;
import dev.wanllmdb.api.registry.v1.GetRunRequest;
import dev.wanllmdb.api.registry.v1.GetSweepRequest;
import dev.wanllmdb.api.registry.v1.ListRunsRequest;
import dev.wanllmdb.api.registry.v1.ListRunsResponse;
import dev.wanllmdb.api.registry.v1.ListSweepsRequest;
import dev.wanllmdb.api.registry.v1.ListSweepsResponse;
import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.api.registry.v1.RunState;
import dev.wanllmdb.api.registry.v1.Sweep;
import dev.wanllmdb.api.registry.v1.SweepRegistryServiceGrpc;
import dev.wanllmdb.api.registry.v1.WatchSweepRequest;
import dev.wanllmdb.api.registry.v1.WatchSweepResponse;
import dev.wanllmdb.api.registry.v1.WatchSweepsRequest;
import dev.wanllmdb.api.registry.v1.WatchSweepsResponse;
import dev.wanllmdb.api.suggestion.v1.GetBestRunsRequest;
import dev.wanllmdb.api.suggestion.v1.SuggestionServiceGrpc;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Stream;

/**
 * Reaches both services. Threads may share a client.
 *
 * <p>The methods are what programs usually need. Every other RPC is at {@link #call} and {@link
 * #stream}, with the deadlines, repetitions, request ids and typed errors of the others:
 *
 * <pre>{@code
 * var request = PauseSweepRequest.newBuilder().setSweepId(id).build();
 * client.call(SweepRegistryServiceGrpc.getPauseSweepMethod(), request);
 * }</pre>
 *
 * <p>A call throws a {@link ServiceException} if the service does not carry it out, a {@link
 * java.util.concurrent.CancellationException} if the thread is interrupted, and an {@link
 * IllegalStateException} after {@link #close}.
 */
public final class Client implements AutoCloseable {
    private final Settings settings;
    private final Variables variables;
    private final Peer registry;
    private final Peer suggestion;
    private final ScheduledExecutorService timer = Threads.timer();
    private final ExecutorService threads = Threads.pool();

    Client(
            Settings settings,
            Variables variables,
            KeyRing keys,
            List<ClientInterceptor> interceptors) {
        this.settings = settings;
        this.variables = variables;
        try {
            this.registry =
                    peer(Service.REGISTRY, settings.registry(), keys, interceptors);
            this.suggestion =
                    peer(Service.SUGGESTION, settings.suggestion(), keys, interceptors);
        } catch (InvalidException e) {
            timer.shutdownNow();
            throw e;
        }
    }

    /**
     * Returns a client for the services that the environment names, else for those on this machine.
     * It makes no call.
     *
     * @return the client
     * @throws InvalidException if a variable is invalid, with its name
     */
    public static Client connect() {
        return builder().build();
    }

    /**
     * Returns what configures a client.
     *
     * @return a builder
     */
    public static ClientBuilder builder() {
        return new ClientBuilder();
    }

    /** {@return what the client was configured with} */
    public Settings settings() {
        return settings;
    }

    /**
     * Returns the replica of the suggestion service to which the calls of a sweep go first.
     *
     * @param sweepId the sweep's id
     * @return the replica as host:port; empty for any, as with a single replica
     */
    public Optional<String> replica(String sweepId) {
        return suggestion.replicaOf(sweepId);
    }

    /**
     * Creates a sweep. Decisions of the registry that the source left open are logged as warnings.
     *
     * @param source a {@link Spec} or a {@link Config}
     * @return the sweep's id
     */
    public String createSweep(SweepSource source) {
        CreateSweepRequest request =
                source instanceof Spec spec ? spec.request() : ((Config) source).request();
        CreateSweepResponse response =
                call(SweepRegistryServiceGrpc.getCreateSweepMethod(), request);
        String id = response.getSweep().getSweepId();
        response.getWarningsList()
                .forEach(each -> Log.warning("sweep %s: %s", id, each));
        return id;
    }

    /**
     * Returns a sweep.
     *
     * @param sweepId its id
     * @return the sweep, as the registry has it
     */
    public Sweep sweep(String sweepId) {
        GetSweepRequest request = GetSweepRequest.newBuilder().setSweepId(sweepId).build();
        return call(SweepRegistryServiceGrpc.getGetSweepMethod(), request).getSweep();
    }

    /**
     * Returns the sweeps that a request asks for. Pages are read as needed.
     *
     * @param request which sweeps, and in which order
     * @return the sweeps of all pages
     */
    public Stream<Sweep> sweeps(ListSweepsRequest request) {
        return Pages.stream(
                token ->
                        call(
                                SweepRegistryServiceGrpc.getListSweepsMethod(),
                                request.toBuilder().setPageToken(token).build()),
                ListSweepsResponse::getSweepsList,
                ListSweepsResponse::getNextPageToken);
    }

    /**
     * Returns a run of a sweep.
     *
     * @param sweepId the sweep's id
     * @param number the run's number
     * @return the run, as the registry has it
     */
    public Run run(String sweepId, long number) {
        GetRunRequest request =
                GetRunRequest.newBuilder().setSweepId(sweepId).setNumber(number).build();
        return call(SweepRegistryServiceGrpc.getGetRunMethod(), request).getRun();
    }

    /**
     * Returns the runs of a sweep by number. Pages are read as needed.
     *
     * @param sweepId the sweep's id
     * @param states the states of the runs; all runs without one
     * @return the runs of all pages
     */
    public Stream<Run> runs(String sweepId, RunState... states) {
        ListRunsRequest request =
                ListRunsRequest.newBuilder()
                        .setSweepId(sweepId)
                        .addAllStates(Arrays.asList(states))
                        .build();
        return Pages.stream(
                token ->
                        call(
                                SweepRegistryServiceGrpc.getListRunsMethod(),
                                request.toBuilder().setPageToken(token).build()),
                ListRunsResponse::getRunsList,
                ListRunsResponse::getNextPageToken);
    }

    /**
     * Returns the best finished runs, best first; with several metrics, the Pareto front.
     *
     * @param sweepId the sweep's id
     * @param count the most runs; 0 means 10
     * @return the runs
     */
    public List<Run> bestRuns(String sweepId, int count) {
        GetBestRunsRequest request =
                GetBestRunsRequest.newBuilder().setSweepId(sweepId).setCount(count).build();
        return call(SuggestionServiceGrpc.getGetBestRunsMethod(), request).getRunsList();
    }

    /**
     * Returns the best finished run.
     *
     * @param sweepId the sweep's id
     * @return the run; empty while there is none
     */
    public Optional<Run> bestRun(String sweepId) {
        return bestRuns(sweepId, 1).stream().findFirst();
    }

    /**
     * Returns what works on the runs of a sweep.
     *
     * @param sweepId the sweep's id
     * @return an agent, which begins with {@link Agent#run}
     */
    public Agent agent(String sweepId) {
        return new Agent(this, variables, sweepId);
    }

    /**
     * Returns the run that a command agent gave to this process.
     *
     * @return the run; empty if no command agent started this process
     * @throws NoRunException if a variable that the agent sets is wrong, with its name
     */
    public Optional<AssignedRun> assignedRun() {
        return AssignedRun.find(variables);
    }

    /**
     * Calls training code with the run that a command agent gave to this process. The agent ends
     * the run by the exit code; the values have arrived when this method returns.
     *
     * <p>It throws what the code throws, so that the program exits by another code than 0. It
     * returns for a run that was to stop: the registry then has its end, which an exit code can't
     * say.
     *
     * @param code what trains
     * @throws NoRunException if this process has no run, or no longer has it
     * @throws RunStoppedException if the run's lease was lost, or the thread was interrupted
     * @throws UndeliveredException if the values could not be delivered within the patience
     * @throws Exception what the code throws
     */
    public void child(RunCode code) throws Exception {
        Child.of(this).work(code);
    }

    /**
     * Returns the changes of a sweep and its runs as they happen, after all earlier ones. A stream
     * that breaks goes on after the last change. It ends when the sweep is deleted.
     *
     * @param sweepId the sweep's id
     * @return the changes, to be closed
     */
    public MessageStream<WatchSweepResponse> watch(String sweepId) {
        return watch(WatchSweepRequest.newBuilder().setSweepId(sweepId).build());
    }

    /**
     * Returns the changes of a sweep that a request asks for: those after a revision of a database,
     * with an interval between them, or with columns of runs.
     *
     * <p>The reason {@link Reason#REVISION_UNKNOWN}, also in the middle, means that the database
     * has another history, for example because a backup was restored: discard what was read, and
     * begin again from revision 0.
     *
     * @param request which changes
     * @return the changes, to be closed
     */
    public MessageStream<WatchSweepResponse> watch(WatchSweepRequest request) {
        return new MessageStream<>(
                new StreamReader<>(
                        registry,
                        SweepRegistryServiceGrpc.getWatchSweepMethod(),
                        request,
                        (before, change) ->
                                before.toBuilder()
                                        .setSinceRevision(change.getRevision())
                                        .setDatabaseId(change.getDatabaseId())
                                        .build()));
    }

    /**
     * Returns the changes of a list of sweeps. After a break of the stream the list begins again:
     * the messages up to the one with is_current replace it.
     *
     * @param request which sweeps
     * @return the changes, to be closed
     */
    public MessageStream<WatchSweepsResponse> watchSweeps(WatchSweepsRequest request) {
        return new MessageStream<>(
                new StreamReader<>(
                        registry,
                        SweepRegistryServiceGrpc.getWatchSweepsMethod(),
                        request,
                        (before, change) -> before));
    }

    /**
     * Sends a request of any RPC with one answer.
     *
     * @param method the RPC, as the generated class of its service has it
     * @param request the request; a request id that it lacks is made up
     * @param <Q> the type of the request
     * @param <R> the type of the answer
     * @return the answer
     */
    public <Q, R> R call(MethodDescriptor<Q, R> method, Q request) {
        return peerOf(method).call(Call.of(method, request));
    }

    /**
     * Sends a request of any RPC with a stream of answers.
     *
     * @param method the RPC, as the generated class of its service has it
     * @param request the request
     * @param <Q> the type of the request
     * @param <R> the type of the answers
     * @return the answers, to be closed; a stream that breaks throws
     */
    public <Q, R> MessageStream<R> stream(MethodDescriptor<Q, R> method, Q request) {
        return new MessageStream<>(new StreamReader<>(peerOf(method), method, request, null));
    }

    /** Closes the connections. Calls under way fail. */
    @Override
    public void close() {
        registry.close();
        suggestion.close();
        timer.shutdownNow();
        threads.shutdownNow();
    }

    <Q, R> R call(MethodDescriptor<Q, R> method, Q request, Duration deadline) {
        return peerOf(method).call(Call.of(method, request, deadline));
    }

    Variables variables() {
        return variables;
    }

    /** Returns the threads of what goes on beside training. */
    ExecutorService threads() {
        return threads;
    }

    private Peer peer(
            Service service,
            Endpoint endpoint,
            KeyRing keys,
            List<ClientInterceptor> interceptors) {
        return new Peer(
                service,
                endpoint,
                keys,
                new Connections(service, endpoint, settings, interceptors, timer));
    }

    private Peer peerOf(MethodDescriptor<?, ?> method) {
        return Service.of(method.getServiceName()) == Service.REGISTRY ? registry : suggestion;
    }
}
