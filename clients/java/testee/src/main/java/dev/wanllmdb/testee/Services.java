package dev.wanllmdb.testee;

import dev.wanllmdb.AgentResult;
import dev.wanllmdb.AssignedRun;
import dev.wanllmdb.Client;
import dev.wanllmdb.Config;
import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.api.registry.v1.WatchSweepResponse;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What calls services. */
final class Services {
    private Services() {}

    /** Returns a client that reads the given variables, and no others. */
    static Client client(Given given) {
        return Client.builder().environment(given.object("environment")::text).build();
    }

    static Object findRun(Given given) {
        try (Client client = client(given)) {
            Optional<AssignedRun> found = client.assignedRun();
            return found.map(
                            run ->
                                    Map.of(
                                            "sweep_id", run.sweepId(),
                                            "number", run.number(),
                                            "attempt", run.attempt(),
                                            "resumed", run.resumed()))
                    .orElse(null);
        }
    }

    static Object createSweep(Given given) {
        try (Client client = client(given)) {
            return Map.of("sweep_id", client.createSweep(new Config(given.text("config"))));
        }
    }

    static Object listRuns(Given given) {
        try (Client client = client(given)) {
            return client.runs(given.text("sweep_id")).map(Run::getNumber).toList();
        }
    }

    static Object watchSweep(Given given) {
        List<Long> revisions = new ArrayList<>();
        try (Client client = client(given);
                var changes = client.watch(given.text("sweep_id"))) {
            for (WatchSweepResponse change : changes) {
                revisions.add(change.getRevision());
                if (revisions.size() == given.whole("changes")) {
                    break;
                }
            }
        }
        return revisions;
    }

    static Object runAgent(Given given) throws InterruptedException {
        Work work = new Work(given, () -> {});
        try (Client client = client(given)) {
            AgentResult result = work.agent(client).withoutSignals().run(work::train);
            return Map.of(
                    "runs", result.runs(),
                    "failed", result.failed(),
                    "seen", Collections.unmodifiableList(work.seen()));
        }
    }
}
