package dev.wanllmdb;

import dev.wanllmdb.internal.Protocol;
import io.grpc.ClientInterceptor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Configures a client. What is not set here is read from the environment (WANLLMDB_REGISTRY and
 * others), and what is not there either is that of services on this machine.
 */
public final class ClientBuilder {
    private final List<ClientInterceptor> interceptors = new ArrayList<>();
    private UnaryOperator<String> environment = System::getenv;
    private String registry = "";
    private String suggestion = "";
    private String apiKey = "";
    private Path apiKeyFile;
    private Tls tls;
    private boolean plainText;
    private boolean insecure;
    private Duration patience;

    ClientBuilder() {}

    /**
     * Sets the registry's address.
     *
     * @param address host:port, or several of them with commas between
     * @return this builder
     */
    public ClientBuilder registry(String address) {
        this.registry = address;
        return this;
    }

    /**
     * Sets the suggestion service's address.
     *
     * @param address host:port, or several of them with commas between
     * @return this builder
     */
    public ClientBuilder suggestion(String address) {
        this.suggestion = address;
        return this;
    }

    /**
     * Sets the API key.
     *
     * @param key the key
     * @return this builder
     */
    public ClientBuilder apiKey(String key) {
        this.apiKey = key;
        return this;
    }

    /**
     * Reads the API key from a file, and again when a service refuses the key.
     *
     * @param file a file with the key on one line
     * @return this builder
     */
    public ClientBuilder apiKeyFile(Path file) {
        this.apiKeyFile = file;
        return this;
    }

    /**
     * Uses TLS.
     *
     * @param settings how services are verified
     * @return this builder
     */
    public ClientBuilder tls(Tls settings) {
        this.tls = settings;
        return this;
    }

    /**
     * Uses no TLS, whatever the environment says.
     *
     * @return this builder
     */
    public ClientBuilder plainText() {
        this.plainText = true;
        return this;
    }

    /**
     * Allows the API key to go to another machine in plain text, in a trusted network.
     *
     * @return this builder
     */
    public ClientBuilder insecure() {
        this.insecure = true;
        return this;
    }

    /**
     * Sets how long agents wait for services that are unavailable, also at first.
     *
     * @param patience the longest time, at least 0
     * @return this builder
     */
    public ClientBuilder patience(Duration patience) {
        this.patience = patience;
        return this;
    }

    /**
     * Reads variables from a function in place of the environment.
     *
     * @param environment returns the value of a variable, or null
     * @return this builder
     */
    public ClientBuilder environment(UnaryOperator<String> environment) {
        this.environment = environment;
        return this;
    }

    /**
     * Adds interceptors to each connection, for example one that traces calls.
     *
     * @param interceptors interceptors of gRPC
     * @return this builder
     */
    public ClientBuilder intercept(ClientInterceptor... interceptors) {
        this.interceptors.addAll(List.of(interceptors));
        return this;
    }

    /**
     * Returns a client, without a call.
     *
     * @return the client
     * @throws InvalidException if a setting is invalid, with its name
     */
    public Client build() {
        Variables variables = new Variables(environment);
        Endpoint registryAt = endpoint(variables, registry, Variables.REGISTRY, "localhost:50051");
        Endpoint suggestionAt =
                endpoint(variables, suggestion, Variables.SUGGESTION, "localhost:50052");
        Optional<Tls> security = tlsOf(variables);
        boolean isInsecure = variables.switched(Variables.INSECURE, false) || insecure;
        KeyRing keys = keys(variables);
        Duration[] patiences = patiences(variables);
        Settings settings =
                new Settings(
                        named(registryAt, security),
                        named(suggestionAt, security),
                        keys.current(),
                        security,
                        isInsecure,
                        patiences[0],
                        patiences[1]);
        checkKey(settings);
        return new Client(settings, variables, keys, List.copyOf(interceptors));
    }

    private static Endpoint endpoint(
            Variables variables, String given, String variable, String byDefault) {
        if (!given.isEmpty()) {
            return Addresses.endpoint(given, "the option for " + variable);
        }
        String set = variables.text(variable);
        return Addresses.endpoint(set.isEmpty() ? byDefault : set, variable);
    }

    private Optional<Tls> tlsOf(Variables variables) {
        Tls named =
                new Tls(
                        path(variables, Variables.TLS_CA),
                        path(variables, Variables.TLS_CERT),
                        path(variables, Variables.TLS_KEY),
                        orNull(variables.text(Variables.TLS_SERVER_NAME)));
        // A setting such as an authority implies TLS.
        boolean wanted = variables.switched(Variables.TLS, !named.equals(Tls.DEFAULT));
        if (plainText || tls == null && !wanted) {
            return Optional.empty();
        }
        Tls found = tls == null ? named : tls;
        TlsFiles.check(found);
        return Optional.of(found);
    }

    private static Path path(Variables variables, String variable) {
        String text = variables.text(variable);
        return text.isEmpty() ? null : Path.of(text);
    }

    private static String orNull(String text) {
        return text.isEmpty() ? null : text;
    }

    private static Endpoint named(Endpoint endpoint, Optional<Tls> tls) {
        if (tls.isEmpty()) {
            return endpoint;
        }
        String name = tls.get().serverName();
        return endpoint.withServerName(name == null ? Addresses.hostAsWritten(endpoint) : name);
    }

    private KeyRing keys(Variables variables) {
        if (apiKeyFile != null) {
            return KeyRing.ofFile(apiKeyFile, "the file " + apiKeyFile);
        }
        if (!apiKey.isEmpty()) {
            return KeyRing.of(apiKey, "the option for " + Variables.API_KEY);
        }
        String set = variables.text(Variables.API_KEY);
        if (!set.isBlank()) {
            return KeyRing.of(set, Variables.API_KEY);
        }
        String file = variables.text(Variables.API_KEY_FILE);
        return file.isEmpty()
                ? KeyRing.without()
                : KeyRing.ofFile(
                        Path.of(file), "the file " + file + " (" + Variables.API_KEY_FILE + ")");
    }

    private static void checkKey(Settings settings) {
        if (settings.apiKey().isEmpty() || settings.tls().isPresent() || settings.insecure()) {
            return;
        }
        for (Endpoint endpoint : List.of(settings.registry(), settings.suggestion())) {
            if (!Addresses.isLoopback(endpoint)) {
                throw new InvalidException(
                        "the API key",
                        String.format(
                                "would go to %s in plain text, readable on the network: use TLS"
                                        + " (%s=1), or, in a network that you trust, set %s=1",
                                endpoint.address(), Variables.TLS, Variables.INSECURE));
            }
        }
    }

    /** Returns the patience, and the one for services that have not answered yet. */
    private Duration[] patiences(Variables variables) {
        Optional<Duration> set = variables.seconds(Variables.PATIENCE);
        if (patience != null) {
            if (patience.isNegative()) {
                throw new InvalidException(
                        "the patience", "is " + patience + ", and must be at least 0");
            }
            return new Duration[] {patience, patience};
        }
        return new Duration[] {
            set.orElse(Protocol.PATIENCE), set.orElse(Protocol.FIRST_PATIENCE)
        };
    }
}
