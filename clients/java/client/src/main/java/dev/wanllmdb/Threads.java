package dev.wanllmdb;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/** Makes threads that do not keep the process alive. */
final class Threads {
    private Threads() {}

    static ScheduledExecutorService timer() {
        ScheduledThreadPoolExecutor timer =
                new ScheduledThreadPoolExecutor(1, named("wanllmdb-timer"));
        timer.setRemoveOnCancelPolicy(true);
        // Tasks that come after the end are of no use.
        timer.setRejectedExecutionHandler((task, executor) -> {});
        return timer;
    }

    static ExecutorService pool() {
        return Executors.newCachedThreadPool(named("wanllmdb"));
    }

    private static ThreadFactory named(String name) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }
}
