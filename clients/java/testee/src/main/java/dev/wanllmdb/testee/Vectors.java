package dev.wanllmdb.testee;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.wanllmdb.Client;
import dev.wanllmdb.FieldProblem;
import dev.wanllmdb.ServiceException;
import dev.wanllmdb.Settings;
import dev.wanllmdb.Tls;
import dev.wanllmdb.Values;
import dev.wanllmdb.api.registry.v1.ParameterValue;
import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.internal.Protocol;
import io.grpc.Metadata;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What needs no services. */
final class Vectors {
    private static final Metadata.Key<byte[]> DETAILS =
            Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private Vectors() {}

    /** Returns a message for an answer. */
    static Map<String, Object> encoded(Message message) {
        return Map.of("message", Base64.getEncoder().encodeToString(message.toByteArray()));
    }

    static Object readValue(Given given) throws InvalidProtocolBufferException {
        return Described.of(Values.read(ParameterValue.parseFrom(message(given))));
    }

    static Object writeValue(Given given) {
        return encoded(Values.write(Described.nativeValue(given.value("value"))));
    }

    static Object nestParameters(Given given) throws InvalidProtocolBufferException {
        return Described.of(Values.parameters(Run.parseFrom(message(given))));
    }

    static Object heartbeatPause(Given given) {
        Duration lease = Duration.ofNanos(Math.round(given.number("lease_seconds") * 1e9));
        return Protocol.seconds(Protocol.heartbeatPause(lease));
    }

    static Object readError(Given given) {
        Metadata trailers = new Metadata();
        String details = given.text("details");
        if (!details.isEmpty()) {
            trailers.put(DETAILS, Base64.getDecoder().decode(details));
        }
        Status status =
                Status.Code.valueOf(given.text("code"))
                        .toStatus()
                        .withDescription(given.text("text"));
        ServiceException error = ServiceException.of(status.asRuntimeException(trailers));
        Map<String, Object> result = new HashMap<>();
        result.put("reason", error.reasonName());
        result.put("metadata", error.metadata());
        result.put(
                "fields",
                error.fields().stream()
                        .map(each -> List.of(each.field(), each.description()))
                        .toList());
        result.put("positions", positions(error.fields()));
        result.put("retry_after", error.retryAfter().map(Protocol::seconds).orElse(null));
        result.put("waits", error.mayPass());
        result.put("ends_run", error.endsRun());
        return result;
    }

    static Object chooseReplica(Given given) {
        try (Client client =
                Client.builder()
                        .environment(name -> null)
                        .suggestion(given.text("address"))
                        .build()) {
            return client.replica(given.text("sweep_id")).orElse(null);
        }
    }

    static Object configure(Given given) {
        try (Client client = Services.client(given)) {
            Settings settings = client.settings();
            Map<String, Object> result = new HashMap<>();
            result.put("registry", settings.registry().replicas());
            result.put("suggestion", settings.suggestion().replicas());
            result.put("key", settings.apiKey().map(key -> key.text()).orElse(null));
            result.put("tls", settings.tls().map(tls -> tls(tls, settings)).orElse(null));
            result.put("patience", Protocol.seconds(settings.patience()));
            result.put("first_patience", Protocol.seconds(settings.firstPatience()));
            return result;
        }
    }

    private static Map<String, Object> tls(Tls tls, Settings settings) {
        Map<String, Object> result = new HashMap<>();
        result.put("ca", text(tls.ca()));
        result.put("cert", text(tls.certificate()));
        result.put("key", text(tls.key()));
        result.put("server_name", settings.registry().serverName());
        return result;
    }

    private static String text(Path path) {
        return path == null ? null : path.toString();
    }

    private static List<Object> positions(List<FieldProblem> fields) {
        if (fields.stream().allMatch(each -> each.line() == 0)) {
            return List.of();
        }
        return fields.stream()
                .map(each -> each.line() == 0 ? null : (Object) List.of(each.line(), each.column()))
                .toList();
    }

    private static ByteString message(Given given) {
        return ByteString.copyFrom(Base64.getDecoder().decode(given.text("message")));
    }
}
