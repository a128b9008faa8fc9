package dev.wanllmdb.internal;

import java.time.Duration;

/**
 * The constants of clients/PROTOCOL.md, which explains each. A test compares them with the page.
 */
public final class Protocol {

    // Calls and connections.
    public static final Duration CALL_DEADLINE = Duration.ofSeconds(30);
    public static final Duration IMPORT_DEADLINE = Duration.ofSeconds(180);
    public static final Duration RUN_CALL_DEADLINE = Duration.ofSeconds(10);
    public static final int MAX_RECEIVE_BYTES = 64 << 20;
    public static final int MAX_METADATA_BYTES = 64 << 10;
    public static final Duration KEEPALIVE = Duration.ofMillis(30_000);
    public static final Duration KEEPALIVE_TIMEOUT = Duration.ofMillis(10_000);
    public static final Duration FIRST_RECONNECT = Duration.ofMillis(300);
    public static final Duration LONGEST_RECONNECT = Duration.ofMillis(3_000);
    public static final Duration CONNECT_TIMEOUT = Duration.ofMillis(3_000);
    public static final int TRANSPORT_ATTEMPTS = 5;
    public static final Duration TRANSPORT_FIRST_PAUSE = Duration.ofMillis(200);
    public static final Duration TRANSPORT_LONGEST_PAUSE = Duration.ofSeconds(2);
    public static final int TRANSPORT_FACTOR = 2;
    public static final int SHOULD_STOP_ATTEMPTS = 2;
    public static final Duration SHOULD_STOP_PAUSE = Duration.ofMillis(50);
    public static final int MAX_RESENDS = 4;
    public static final Duration LONGEST_RETRY_AFTER = Duration.ofSeconds(10);
    public static final double RETRY_AFTER_LEAST = 1.0;
    public static final double RETRY_AFTER_MOST = 1.2;
    public static final Duration STREAM_FIRST_PAUSE = Duration.ofMillis(200);
    public static final Duration STREAM_LONGEST_PAUSE = Duration.ofSeconds(5);
    public static final double STREAM_LEAST = 0.8;
    public static final double STREAM_MOST = 1.2;
    public static final Duration REPLICA_PAUSE = Duration.ofSeconds(10);

    // Agents that wait.
    public static final Duration PATIENCE = Duration.ofSeconds(600);
    public static final Duration FIRST_PATIENCE = Duration.ofSeconds(5);
    public static final Duration OUTAGE_FIRST_PAUSE = Duration.ofMillis(250);
    public static final Duration OUTAGE_LONGEST_PAUSE = Duration.ofSeconds(5);
    public static final Duration POLL_FIRST_PAUSE = Duration.ofMillis(250);
    public static final Duration POLL_LONGEST_PAUSE = Duration.ofSeconds(2);
    public static final Duration STAY_LONGEST_PAUSE = Duration.ofSeconds(5);
    public static final int MAX_BROUGHT_BYTES = 256 << 10;
    public static final Duration IDLE_END = Duration.ofSeconds(10);

    // Leases, metrics and checks of a run.
    public static final int HEARTBEATS_A_LEASE = 3;
    public static final Duration HEARTBEAT_SHORTEST_PAUSE = Duration.ofMillis(200);
    public static final Duration HEARTBEAT_LONGEST_PAUSE = Duration.ofSeconds(5);
    public static final Duration HEARTBEAT_DEADLINE = Duration.ofSeconds(10);
    public static final Duration HEARTBEAT_FAILURE_PAUSE = Duration.ofSeconds(1);
    public static final Duration FLUSH_PAUSE = Duration.ofMillis(200);
    public static final int FLUSH_VALUES = 1_000;
    public static final int REPORT_MAX_VALUES = 5_000;
    public static final int REPORT_MAX_BYTES = 1 << 20;
    public static final Duration REPORT_FAILURE_PAUSE = Duration.ofSeconds(1);
    public static final Duration SILENCE = Duration.ofSeconds(1);
    public static final Duration SILENCE_DEADLINE = Duration.ofSeconds(2);
    public static final Duration CHECK_DEADLINE = Duration.ofSeconds(5);
    public static final Duration CHECK_FIRST_PAUSE = Duration.ofMillis(500);
    public static final Duration CHECK_LONGEST_PAUSE = Duration.ofSeconds(5);
    public static final int MAX_MESSAGE_CHARACTERS = 4_096;
    public static final int MAX_TRACEBACK_CHARACTERS = 65_536;
    public static final int MAX_METRIC_NAME_CHARACTERS = 200;
    public static final int CONFIG_MAX_ENTRIES = 1_000;
    public static final int CONFIG_MAX_BYTES = 256 << 10;

    // Giving up, and signals.
    public static final int MAX_QUICK_FAILURES = 3;
    public static final Duration QUICK_WINDOW = Duration.ofSeconds(60);
    public static final int MAX_INITIAL_FAILURES = 5;
    public static final int INTERRUPTS_TO_GIVE_BACK = 2;

    private Protocol() {}

    /** Returns the time between two heartbeats of a lease of this length. */
    public static Duration heartbeatPause(Duration lease) {
        Duration pause = lease.dividedBy(HEARTBEATS_A_LEASE);
        return shorter(
                pause.compareTo(HEARTBEAT_SHORTEST_PAUSE) < 0 ? HEARTBEAT_SHORTEST_PAUSE : pause,
                HEARTBEAT_LONGEST_PAUSE);
    }

    /** Returns the shorter one of two durations. */
    public static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }

    /** Returns a duration in seconds, with what is less than a second. */
    public static double seconds(Duration duration) {
        return duration.getSeconds() + duration.getNano() / 1e9;
    }
}
