package dev.wanllmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wanllmdb.api.registry.v1.FinishRunRequest;
import dev.wanllmdb.api.registry.v1.FinishRunRequest.OutcomeCase;
import dev.wanllmdb.api.registry.v1.ReportMetricsRequest;
import io.grpc.Status;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class AgentTest {
    record Params(double lr, int layers) {}

    private static void train(ActiveRun run) {
        Params params = run.parameters(Params.class);
        for (int epoch = 0; epoch < 3; epoch++) {
            run.log("loss", params.layers() + params.lr() - epoch);
        }
    }

    @Test
    void worksOnAllRuns() throws Exception {
        try (FakeServices services = FakeServices.of(4);
                Client client = services.client()) {
            AgentResult result =
                    client.agent(FakeServices.SWEEP_ID)
                            .withoutSignals()
                            .run(AgentTest::train);

            assertEquals(4, result.runs());
            assertEquals(0, result.failed());
            assertEquals("the sweep has no more runs: its run_cap was reached", result.endedBy());
            assertEquals(
                    Map.of(0L, 1 + 0.01, 1L, 1 + 0.01 - 1, 2L, 1 + 0.01 - 2), services.losses(0));
            assertEquals(
                    0, client.bestRun(FakeServices.SWEEP_ID).orElseThrow().getNumber());
        }
    }

    @Test
    void worksOnSeveralRunsAtATime() throws Exception {
        try (FakeServices services = FakeServices.of(4);
                Client client = services.client()) {
            CountDownLatch two = new CountDownLatch(2);
            AgentResult result =
                    client.agent(FakeServices.SWEEP_ID)
                            .parallel(2)
                            .withoutSignals()
                            .run(
                                    run -> {
                                        two.countDown();
                                        two.await();
                                    });

            assertEquals(4, result.runs());
        }
    }

    @Test
    void endsWhatIsPruned() throws Exception {
        try (FakeServices services = FakeServices.of(2).stopping(number -> number == 1);
                Client client = services.client()) {
            client.agent(FakeServices.SWEEP_ID).withoutSignals().run(AgentTest::train);

            assertEquals(OutcomeCase.SUCCEEDED, services.ends.get(0L).getOutcomeCase());
            assertEquals("worse than the best", services.ends.get(1L).getPruned().getReason());
            assertEquals(Set.of(0L, 1L), services.losses(1).keySet());
        }
    }

    @Test
    void givesUpAfterThreeFailedRuns() throws Exception {
        try (FakeServices services = FakeServices.of(9);
                Client client = services.client()) {
            Agent agent = client.agent(FakeServices.SWEEP_ID).withoutSignals();
            RunCode fails =
                    run -> {
                        throw new IllegalArgumentException("no more memory");
                    };

            GaveUpException e = assertThrows(GaveUpException.class, () -> agent.run(fails));
            assertTrue(e.getMessage().contains("no more memory"), e.getMessage());
            assertEquals(3, services.ends.size());
            assertTrue(services.ends.get(0L).getFailed().getError().getTraceback()
                    .contains("AgentTest"));
        }
    }

    @Test
    void endsARunAsCanceledThatItsCodeCancels() throws Exception {
        try (FakeServices services = FakeServices.of(1);
                Client client = services.client()) {
            client.agent(FakeServices.SWEEP_ID)
                    .withoutSignals()
                    .run(
                            run -> {
                                throw RunStoppedException.canceled("no such point");
                            });

            assertEquals("no such point", services.ends.get(0L).getCanceled().getReason());
        }
    }

    @Test
    void givesRunsBackWhenItsThreadIsInterrupted() throws Exception {
        try (FakeServices services = FakeServices.of(3);
                Client client = services.client()) {
            CountDownLatch begun = new CountDownLatch(1);
            AtomicReference<Throwable> ended = new AtomicReference<>();
            AtomicReference<Throwable> seen = new AtomicReference<>();
            Agent agent = client.agent(FakeServices.SWEEP_ID).withoutSignals();
            Thread thread =
                    new Thread(
                            () ->
                                    ended.set(
                                            assertThrows(
                                                    InterruptedException.class,
                                                    () ->
                                                            agent.run(
                                                                    run ->
                                                                            block(begun, seen)))));
            thread.start();
            begun.await();
            thread.interrupt();
            thread.join();

            assertNotNull(ended.get());
            assertTrue(seen.get() instanceof InterruptedException);
            assertEquals(List.of(0L), services.released);
            assertTrue(services.ends.isEmpty());
        }
    }

    private static void block(CountDownLatch begun, AtomicReference<Throwable> seen)
            throws InterruptedException {
        begun.countDown();
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            seen.set(e);
            throw e;
        }
    }

    @Test
    void leavesOutValuesThatTheRegistryRejects() throws Exception {
        try (FakeServices services =
                        FakeServices.of(1)
                                .stopping(number -> false)
                                .reporting(AgentTest::rejectOdd);
                Client client = services.client()) {
            client.agent(FakeServices.SWEEP_ID)
                    .withoutSignals()
                    .run(
                            run -> {
                                for (int i = 0; i < 3; i++) {
                                    run.log(Map.of("loss", i, "odd", true));
                                }
                            });

            assertEquals(Set.of(0L, 1L, 2L), services.losses(0).keySet());
            assertEquals(OutcomeCase.SUCCEEDED, services.ends.get(0L).getOutcomeCase());
        }
    }

    private static Optional<Status> rejectOdd(ReportMetricsRequest request) {
        boolean hasOdd =
                request.getRowsList().stream().anyMatch(row -> row.containsValues("odd"));
        return hasOdd
                ? Optional.of(Status.INVALID_ARGUMENT.withDescription("no such metric"))
                : Optional.empty();
    }

    @Test
    void storesWhatARunSays() throws Exception {
        try (FakeServices services = FakeServices.of(1);
                Client client = services.client()) {
            client.agent(FakeServices.SWEEP_ID)
                    .withoutSignals()
                    .run(
                            run -> {
                                run.describe("first", Map.of("gpu", "none"));
                                run.setConfig("batch", 16);
                                run.log("loss", 1);
                                run.setSummary(Map.of("accuracy", 0.9));
                            });

            assertEquals("first", services.updates.get(0).getRun().getName());
            assertEquals(Map.of("gpu", "none"), services.updates.get(0).getRun().getLabelsMap());
            FinishRunRequest end = services.ends.get(0L);
            assertEquals(16, end.getConfigMap().get("batch").getIntValue());
            assertTrue(end.getRowsList().stream().anyMatch(row -> row.getIsSummary()));
        }
    }

    @Test
    void worksAsTheProgramOfACommandAgent() throws Exception {
        try (FakeServices services = FakeServices.of(1)) {
            Map<String, String> environment =
                    Map.of(
                            "WANLLMDB_REGISTRY", services.address(),
                            "WANLLMDB_SUGGESTION", services.address(),
                            "WANLLMDB_SWEEP_ID", FakeServices.SWEEP_ID,
                            "WANLLMDB_RUN_NUMBER", "0",
                            "WANLLMDB_RUN_ATTEMPT", "1");
            try (Client client = Client.builder().environment(environment::get).build()) {
                client.child(AgentTest::train);
            }

            assertEquals(3, services.losses(0).size());
            assertFalse(services.ends.containsKey(0L));
        }
    }

    @Test
    void rejectsResumingWithoutAName() throws Exception {
        try (FakeServices services = FakeServices.of(1);
                Client client = services.client()) {
            Agent agent = client.agent(FakeServices.SWEEP_ID).resume();
            InvalidException e =
                    assertThrows(InvalidException.class, () -> agent.run(AgentTest::train));
            assertEquals("resume", e.what());
        }
    }

    @Test
    void takesNoMoreRunsThanItsCount() throws Exception {
        Set<Long> numbers = ConcurrentHashMap.newKeySet();
        try (FakeServices services = FakeServices.of(3);
                Client client = services.client()) {
            client.agent(FakeServices.SWEEP_ID)
                    .count(2)
                    .withoutSignals()
                    .run(run -> numbers.add(run.number()));
        }
        assertEquals(Set.of(0L, 1L), numbers);
    }
}
