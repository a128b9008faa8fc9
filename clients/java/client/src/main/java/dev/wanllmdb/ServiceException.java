package dev.wanllmdb;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.wanllmdb.api.registry.v1.ProblemPositions;
import dev.wanllmdb.api.registry.v1.TextPosition;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A call to a service failed. Compare the {@link #reason}; the cause is the exception of gRPC.
 *
 * <pre>{@code
 * try {
 *     client.sweep(id);
 * } catch (ServiceException e) {
 *     if (e.reason() == Reason.SWEEP_NOT_FOUND) { ... }
 * }
 * }</pre>
 */
public final class ServiceException extends WanllmdbException {
    private static final long serialVersionUID = 1L;
    private static final Metadata.Key<byte[]> DETAILS =
            Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private final transient Status.Code code;
    private final transient Details details;

    private ServiceException(Status.Code code, String message, Details details, Throwable cause) {
        super(message, cause);
        this.code = code;
        this.details = details;
    }

    /**
     * Returns the exception of a call that failed, for programs that use stubs of their own.
     * Details that do not parse count as absent.
     *
     * @param failure what a stub threw
     * @return the same as an exception of this client
     */
    public static ServiceException of(StatusRuntimeException failure) {
        Status status = failure.getStatus();
        Details details = Details.of(failure.getTrailers());
        Status.Code code = status.getCode();
        if (details.reason.isEmpty() && isBrokenConnection(status)) {
            code = Status.Code.UNAVAILABLE;
        }
        String text = status.getDescription() == null ? code.toString() : status.getDescription();
        return new ServiceException(code, text, details, failure);
    }

    /** Returns an exception of this client's own. */
    static ServiceException of(Status.Code code, String message) {
        return new ServiceException(code, message, Details.of(null), null);
    }

    /** Returns this exception with another message. */
    ServiceException withMessage(String message) {
        return new ServiceException(code, message, details, getCause());
    }

    /** {@return the status code} */
    public Status.Code code() {
        return code;
    }

    /** {@return why the service rejected the call, if it gave a reason} */
    public Reason reason() {
        return Reason.named(details.reason);
    }

    /** {@return the name of the reason, also of one that this release does not know; or empty} */
    public String reasonName() {
        return details.reason;
    }

    /** {@return what belongs to the reason, by the names that {@link Reason} lists} */
    public Map<String, String> metadata() {
        return details.metadata;
    }

    /** {@return the fields of the request that are invalid} */
    public List<FieldProblem> fields() {
        return details.fields;
    }

    /** {@return when an overloaded service accepts the request again, if it says so} */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(details.retryAfter);
    }

    /**
     * {@return whether the same request may succeed later, so that an agent waits: the service is
     * unavailable, did not answer in time, or asks for a pause}
     */
    public boolean mayPass() {
        switch (code) {
            case UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED:
                return true;
            case RESOURCE_EXHAUSTED:
                // Without a delay the message is too large, now and later.
                return details.retryAfter != null;
            default:
                return false;
        }
    }

    /** {@return whether the error means that a run is no longer its agent's} */
    public boolean endsRun() {
        return code == Status.Code.NOT_FOUND
                || code == Status.Code.FAILED_PRECONDITION
                        && (reason() == Reason.RUN_NOT_RUNNING
                                || reason() == Reason.RUN_LEASE_LOST);
    }

    /** Returns whether an error is about what a request contains, and does not end the run. */
    boolean rejectsContent() {
        switch (code) {
            case INVALID_ARGUMENT, OUT_OF_RANGE:
                return true;
            case RESOURCE_EXHAUSTED:
                return details.retryAfter == null;
            case FAILED_PRECONDITION:
                return !endsRun();
            default:
                return false;
        }
    }

    /** Returns whether the connection broke, and gRPC says so by another code than UNAVAILABLE. */
    boolean isOddlyBroken() {
        return code == Status.Code.UNAVAILABLE
                && getCause() instanceof StatusRuntimeException failure
                && failure.getStatus().getCode() != Status.Code.UNAVAILABLE;
    }

    private static boolean isBrokenConnection(Status status) {
        if (status.getCode() != Status.Code.UNKNOWN && status.getCode() != Status.Code.INTERNAL) {
            return false;
        }
        for (Throwable t = status.getCause(); t != null; t = t.getCause()) {
            if (t instanceof IOException
                    && !(t instanceof InvalidProtocolBufferException)) {
                return true;
            }
        }
        return false;
    }

    /** What comes with an error. */
    private static final class Details {
        private String reason = "";
        private Map<String, String> metadata = Map.of();
        private List<FieldProblem> fields = List.of();
        private Duration retryAfter;

        static Details of(Metadata trailers) {
            Details found = new Details();
            byte[] packed = trailers == null ? null : trailers.get(DETAILS);
            if (packed != null) {
                try {
                    found.read(com.google.rpc.Status.parseFrom(packed));
                } catch (InvalidProtocolBufferException e) {
                    return new Details();
                }
            }
            return found;
        }

        private void read(com.google.rpc.Status status) throws InvalidProtocolBufferException {
            List<TextPosition> positions = List.of();
            List<BadRequest.FieldViolation> violations = List.of();
            for (Any detail : status.getDetailsList()) {
                if (detail.is(ErrorInfo.class)) {
                    ErrorInfo info = detail.unpack(ErrorInfo.class);
                    reason = info.getReason();
                    metadata = Map.copyOf(info.getMetadataMap());
                } else if (detail.is(BadRequest.class)) {
                    violations = detail.unpack(BadRequest.class).getFieldViolationsList();
                } else if (detail.is(RetryInfo.class)) {
                    var delay = detail.unpack(RetryInfo.class).getRetryDelay();
                    retryAfter = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
                } else if (detail.is(ProblemPositions.class)) {
                    positions = detail.unpack(ProblemPositions.class).getPositionsList();
                }
            }
            List<FieldProblem> all = new ArrayList<>();
            for (int i = 0; i < violations.size(); i++) {
                BadRequest.FieldViolation violation = violations.get(i);
                TextPosition at =
                        i < positions.size()
                                ? positions.get(i)
                                : TextPosition.getDefaultInstance();
                all.add(
                        new FieldProblem(
                                violation.getField(),
                                violation.getDescription(),
                                at.getLine(),
                                at.getColumn()));
            }
            fields = List.copyOf(all);
        }
    }
}
