package dev.wanllmdb;

import dev.wanllmdb.internal.Pauses;
import dev.wanllmdb.internal.Protocol;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Has a channel connect again soon after a failed connection. gRPC's own pauses grow to two minutes
 * and can't be set, so that agents would see a service that is back minutes later.
 */
final class Reconnector {
    private final ManagedChannel channel;
    private final ScheduledExecutorService timer;
    private Pauses pauses = fresh();

    private Reconnector(ManagedChannel channel, ScheduledExecutorService timer) {
        this.channel = channel;
        this.timer = timer;
    }

    /** Watches a channel until it is shut down. */
    static void watch(ManagedChannel channel, ScheduledExecutorService timer) {
        new Reconnector(channel, timer).follow();
    }

    private synchronized void follow() {
        ConnectivityState state = channel.getState(false);
        switch (state) {
            case SHUTDOWN:
                return;
            case TRANSIENT_FAILURE:
                if (!timer.isShutdown()) {
                    timer.schedule(
                            this::connect, pauses.next().toMillis(), TimeUnit.MILLISECONDS);
                }
                return;
            case READY:
                pauses = fresh();
                break;
            default:
                break;
        }
        channel.notifyWhenStateChanged(state, this::follow);
    }

    private void connect() {
        channel.resetConnectBackoff();
        follow();
    }

    private static Pauses fresh() {
        return new Pauses(Protocol.FIRST_RECONNECT, Protocol.LONGEST_RECONNECT);
    }
}
