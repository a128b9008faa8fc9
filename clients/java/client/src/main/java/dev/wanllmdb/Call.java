package dev.wanllmdb;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.wanllmdb.api.registry.v1.CreateSweepRequest;
import dev.wanllmdb.api.registry.v1.ImportRunsRequest;
import dev.wanllmdb.api.suggestion.v1.ShouldStopRequest;
import dev.wanllmdb.api.suggestion.v1.SuggestRequest;
import dev.wanllmdb.internal.Protocol;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.UUID;

/**
 * One request, and how it is sent.
 *
 * @param method the RPC
 * @param request the request, with a request id if it takes one
 * @param sweepId the sweep that it is about; empty for none
 * @param deadline how long each attempt may take
 * @param waits whether it waits for a connection to a service that has answered before
 */
record Call<Q, R>(
        MethodDescriptor<Q, R> method,
        Q request,
        String sweepId,
        Duration deadline,
        boolean waits) {

    static <Q, R> Call<Q, R> of(MethodDescriptor<Q, R> method, Q request) {
        return of(method, request, deadlineOf(request));
    }

    static <Q, R> Call<Q, R> of(MethodDescriptor<Q, R> method, Q request, Duration deadline) {
        return new Call<>(
                method, withRequestId(request), textOf(request, "sweep_id"), deadline,
                waits(request));
    }

    /** Returns the name of the RPC. */
    String rpc() {
        return method.getBareMethodName();
    }

    /** Returns a random UUID, of version 4. */
    static String newRequestId() {
        return UUID.randomUUID().toString();
    }

    private static Duration deadlineOf(Object request) {
        boolean imports =
                request instanceof ImportRunsRequest
                        || request instanceof CreateSweepRequest create
                                && create.hasPriorRunSource();
        return imports ? Protocol.IMPORT_DEADLINE : Protocol.CALL_DEADLINE;
    }

    private static boolean waits(Object request) {
        boolean bringsEnds =
                request instanceof SuggestRequest suggest && suggest.getEndedRunsCount() > 0;
        return !(request instanceof ShouldStopRequest) && !bringsEnds;
    }

    /** Returns the request with a new request id, if it takes one and has none. */
    @SuppressWarnings("unchecked") // A builder makes messages of its own type.
    private static <Q> Q withRequestId(Q request) {
        FieldDescriptor field = textField(request, "request_id");
        if (field == null || !textOf(request, "request_id").isEmpty()) {
            return request;
        }
        return (Q) ((Message) request).toBuilder().setField(field, newRequestId()).build();
    }

    private static String textOf(Object request, String name) {
        FieldDescriptor field = textField(request, name);
        return field == null ? "" : (String) ((Message) request).getField(field);
    }

    private static FieldDescriptor textField(Object request, String name) {
        FieldDescriptor field =
                request instanceof Message message
                        ? message.getDescriptorForType().findFieldByName(name)
                        : null;
        return field != null
                        && field.getType() == FieldDescriptor.Type.STRING
                        && !field.isRepeated()
                ? field
                : null;
    }
}
