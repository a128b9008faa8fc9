package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.api.registry.v1.Sweep;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A run that training code is to work on.
 *
 * @param sweep the run's sweep
 * @param run the run as it was assigned
 * @param nextCheck the count of values at which the first check is due
 * @param resumed whether the run was resumed
 * @param continues whether the steps go on after those that the run has reported
 * @param lease how long the run's lease lasts; empty if a parent process keeps it
 * @param interrupts whether an order to stop interrupts the code's thread
 */
record Assignment(
        Sweep sweep,
        Run run,
        OptionalLong nextCheck,
        boolean resumed,
        boolean continues,
        Optional<Duration> lease,
        boolean interrupts) {}
