package dev.wanllmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReporterTest {
    private static final Duration DEADLINE = Duration.ofSeconds(10);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<List<Row>> sent = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    private static Row.Key step(long step) {
        return new Row.Key(step, false);
    }

    private Reporter reporter() {
        return new Reporter(threads, (rows, deadline) -> sent.add(rows), e -> {});
    }

    @Test
    void sendsInTheBackground() throws Exception {
        CompletableFuture<List<Row>> first = new CompletableFuture<>();
        Reporter reporter =
                new Reporter(threads, (rows, deadline) -> first.complete(rows), e -> {});
        reporter.add(step(0), Map.of("a", 1.0));
        assertEquals(Map.of("a", 1.0), first.get().get(0).values);
        assertEquals(List.of(), reporter.close());
    }

    @Test
    void putsValuesOfOneStepIntoOneRow() {
        Reporter reporter = reporter();
        reporter.add(step(3), Map.of("a", 1.0));
        reporter.add(step(3), Map.of("a", 2.0, "b", 3.0));
        reporter.add(new Row.Key(3, true), Map.of("a", 4.0));
        reporter.flush(DEADLINE);
        List<Row> rows = sent.stream().flatMap(List::stream).toList();
        assertEquals(2.0, rows.stream()
                .filter(row -> !row.key.isSummary())
                .reduce((earlier, later) -> later).orElseThrow().values.get("a"));
        reporter.close();
    }

    @Test
    void splitsWhatIsTooLarge() {
        Reporter reporter = reporter();
        Map<String, Double> many = new HashMap<>();
        for (int i = 0; i < 12_000; i++) {
            many.put("metric" + i, 1.0);
        }
        reporter.add(step(0), many);
        reporter.flush(DEADLINE);
        List<Integer> sizes =
                sent.stream()
                        .map(rows -> rows.stream().mapToInt(row -> row.values.size()).sum())
                        .toList();
        assertEquals(12_000, sizes.stream().mapToInt(Integer::intValue).sum());
        assertTrue(sizes.stream().allMatch(size -> size <= 5_000), sizes.toString());
        reporter.close();
    }

    @Test
    void flushesNoRowsThatComeMeanwhile() {
        AtomicLong steps = new AtomicLong();
        AtomicReference<Reporter> itself = new AtomicReference<>();
        Reporter reporter =
                new Reporter(
                        threads,
                        (rows, deadline) ->
                                itself.get()
                                        .add(step(steps.incrementAndGet()), Map.of("a", 1.0)),
                        e -> {});
        itself.set(reporter);
        reporter.add(step(0), Map.of("a", 1.0));
        reporter.flush(DEADLINE);
        assertEquals(1, reporter.close().size());
    }

    @Test
    void keepsTheOrderOfRowsThatFailed() {
        List<Row> arrived = new ArrayList<>();
        boolean[] isAway = {true};
        Reporter reporter =
                new Reporter(
                        threads,
                        (rows, deadline) -> {
                            if (isAway[0]) {
                                throw ServiceException.of(Status.Code.UNAVAILABLE, "away");
                            }
                            arrived.addAll(rows);
                        },
                        e -> {});
        reporter.add(step(0), Map.of("a", 1.0));
        assertThrows(ServiceException.class, () -> reporter.flush(DEADLINE));
        assertTrue(reporter.isFailing());
        reporter.add(step(1), Map.of("a", 2.0));
        reporter.add(step(0), Map.of("a", 3.0));
        List<Row> left = reporter.close();
        assertEquals(List.of(0L, 1L), left.stream().map(row -> row.key.step()).toList());
        assertEquals(3.0, left.get(0).values.get("a"));
    }
}
