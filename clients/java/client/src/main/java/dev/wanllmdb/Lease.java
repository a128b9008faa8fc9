package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.HeartbeatRequest;
import dev.wanllmdb.api.registry.v1.HeartbeatResponse;
import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.api.registry.v1.RunLease;
import dev.wanllmdb.api.registry.v1.SweepRegistryServiceGrpc;
import dev.wanllmdb.internal.Protocol;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;

/**
 * Renews the lease of a run until its thread is interrupted or the lease is lost. Any other failure
 * is tried again, while training and the lease go on.
 */
final class Lease implements Runnable {
    private final Client client;
    private final Orders orders;
    private final HeartbeatRequest request;
    private Duration interval;

    Lease(Client client, Run run, Duration lease, Orders orders) {
        this.client = client;
        this.orders = orders;
        this.interval = Protocol.heartbeatPause(lease);
        this.request =
                HeartbeatRequest.newBuilder()
                        .addLeases(
                                RunLease.newBuilder()
                                        .setSweepId(run.getSweepId())
                                        .setNumber(run.getNumber())
                                        .setAttempt(run.getAttempt()))
                        .build();
    }

    @Override
    public void run() {
        Duration next = interval;
        try {
            while (true) {
                TimeUnit.NANOSECONDS.sleep(next.toNanos());
                try {
                    renew();
                    next = interval;
                } catch (ServiceException e) {
                    if (e.code() == Status.Code.NOT_FOUND
                            || e.code() == Status.Code.FAILED_PRECONDITION) {
                        orders.stop(Order.LEASE_LOST, e.getMessage());
                        return;
                    }
                    next = Protocol.shorter(interval, Protocol.HEARTBEAT_FAILURE_PAUSE);
                }
            }
        } catch (InterruptedException | CancellationException e) {
            // The run has ended.
        } catch (IllegalStateException e) {
            // The client was closed under the run, as other calls say.
        }
    }

    private void renew() {
        HeartbeatResponse response =
                client.call(
                        SweepRegistryServiceGrpc.getHeartbeatMethod(),
                        request,
                        Protocol.HEARTBEAT_DEADLINE);
        interval =
                Protocol.heartbeatPause(
                        Duration.ofSeconds(
                                response.getLeaseDuration().getSeconds(),
                                response.getLeaseDuration().getNanos()));
        response.getStatusesList().forEach(status -> orders.obey(status.getCommand()));
    }
}
