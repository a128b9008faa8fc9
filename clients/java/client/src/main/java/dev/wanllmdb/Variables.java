package dev.wanllmdb;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;

/** The variables of the environment, as the protocol of clients reads them. */
final class Variables {
    static final String REGISTRY = "WANLLMDB_REGISTRY";
    static final String SUGGESTION = "WANLLMDB_SUGGESTION";
    static final String API_KEY = "WANLLMDB_API_KEY";
    static final String API_KEY_FILE = "WANLLMDB_API_KEY_FILE";
    static final String TLS = "WANLLMDB_TLS";
    static final String TLS_CA = "WANLLMDB_TLS_CA";
    static final String TLS_CERT = "WANLLMDB_TLS_CERT";
    static final String TLS_KEY = "WANLLMDB_TLS_KEY";
    static final String TLS_SERVER_NAME = "WANLLMDB_TLS_SERVER_NAME";
    static final String INSECURE = "WANLLMDB_INSECURE";
    static final String PATIENCE = "WANLLMDB_PATIENCE";
    static final String AGENT_ID = "WANLLMDB_AGENT_ID";
    static final String RESUME = "WANLLMDB_RESUME";
    static final String STAY = "WANLLMDB_STAY";
    static final String MAX_QUICK_FAILURES = "WANLLMDB_AGENT_MAX_QUICK_FAILURES";
    static final String QUICK_SECONDS = "WANLLMDB_AGENT_QUICK_SECONDS";
    static final String MAX_INITIAL_FAILURES = "WANLLMDB_AGENT_MAX_INITIAL_FAILURES";
    static final String NEVER_GIVE_UP = "WANLLMDB_AGENT_NEVER_GIVE_UP";
    static final String SWEEP_ID = "WANLLMDB_SWEEP_ID";
    static final String RUN_NUMBER = "WANLLMDB_RUN_NUMBER";
    static final String RUN_ATTEMPT = "WANLLMDB_RUN_ATTEMPT";
    static final String RUN_RESUMED = "WANLLMDB_RUN_RESUMED";

    private final UnaryOperator<String> environment;

    Variables(UnaryOperator<String> environment) {
        this.environment = environment;
    }

    /** Returns the value of a variable; empty if it is not set. */
    String text(String variable) {
        String value = environment.apply(variable);
        return value == null ? "" : value;
    }

    /** Reads a switch, which must be on or off. */
    boolean switched(String variable, boolean byDefault) {
        String text = text(variable);
        switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "":
                return byDefault;
            case "1", "true", "yes", "on":
                return true;
            case "0", "false", "no", "off":
                return false;
            default:
                throw new InvalidException(variable, "is \"" + text + "\": set it to 1 or 0");
        }
    }

    /** Reads a flag, which is off for everything that does not turn it on. */
    boolean flagged(String variable) {
        switch (text(variable).toLowerCase(Locale.ROOT)) {
            case "1", "true", "yes", "on":
                return true;
            default:
                return false;
        }
    }

    /** Reads a number of at least 0; empty if the variable is not set. */
    OptionalDouble number(String variable) {
        String text = text(variable);
        if (text.isEmpty()) {
            return OptionalDouble.empty();
        }
        double number;
        try {
            number = Double.parseDouble(text.strip());
        } catch (NumberFormatException e) {
            number = Double.NaN;
        }
        if (Double.isNaN(number)) {
            throw new InvalidException(variable, "is \"" + text + "\", which is no number");
        }
        if (number < 0) {
            throw new InvalidException(
                    variable,
                    "is " + text
                            + ": a number of at least 0 is needed, such as 600 for the patience");
        }
        return OptionalDouble.of(number);
    }

    Optional<Duration> seconds(String variable) {
        OptionalDouble number = number(variable);
        return number.isEmpty() ? Optional.empty() : Optional.of(duration(number.getAsDouble()));
    }

    /** Returns a decimal number of at least 0 that an agent set for its child. */
    long wholeNumber(String variable, long most) {
        String text = text(variable);
        if (text.matches("[0-9]{1,19}")) {
            try {
                long number = Long.parseLong(text);
                if (number <= most) {
                    return number;
                }
            } catch (NumberFormatException e) {
                // It is beyond 64 bits, as the message says.
            }
        }
        throw new NoRunException(
                variable + " is \"" + text + "\" and must be a decimal number: the agent sets it");
    }

    /** Returns seconds as a duration; a number that no clock can count is a very long one. */
    private static Duration duration(double seconds) {
        double longest = Long.MAX_VALUE / 1e9 / 2;
        return Duration.ofNanos((long) (Math.min(seconds, longest) * 1e9));
    }
}
