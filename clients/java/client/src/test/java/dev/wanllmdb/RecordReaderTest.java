package dev.wanllmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RecordReaderTest {
    enum Kind {
        ADAM,
        SGD
    }

    record Optimizer(Kind kind, double lr) {}

    record Params(
            Optimizer optimizer,
            @ParameterName("batch-size") int batchSize,
            Optional<Double> momentum,
            List<Integer> widths,
            Object anything,
            Boolean maybe) {}

    private static Map<String, Object> parameters() {
        Map<String, Object> given = new HashMap<>();
        given.put("optimizer", Map.of("kind", "adam", "lr", 1L));
        given.put("batch-size", 16L);
        given.put("widths", List.of(64L, 32L));
        given.put("anything", 0.5);
        given.put("maybe", null);
        return given;
    }

    @Test
    void readsGroupsNamesAndTypes() {
        Params params = RecordReader.read(parameters(), Params.class, "");
        Params expected =
                new Params(
                        new Optimizer(Kind.ADAM, 1.0), 16, Optional.empty(), List.of(64, 32), 0.5,
                        null);
        assertEquals(expected, params);
    }

    @Test
    void readsAParameterThatOnlySomeRunsHave() {
        Map<String, Object> given = parameters();
        given.put("momentum", 0.9);
        assertEquals(
                Optional.of(0.9), RecordReader.read(given, Params.class, "").momentum());
    }

    @Test
    void rejectsWhatDoesNotFit() {
        for (Object wrong : new Object[] {1.5, "16", 1L << 40, true, List.of()}) {
            Map<String, Object> given = parameters();
            given.put("batch-size", wrong);
            InvalidException e =
                    assertThrows(
                            InvalidException.class,
                            () -> RecordReader.read(given, Params.class, ""));
            assertEquals("the parameter batch-size", e.what());
        }
    }

    @Test
    void namesAnAbsentParameterWithItsGroup() {
        Map<String, Object> given = parameters();
        given.put("optimizer", Map.of("kind", "sgd"));
        InvalidException e =
                assertThrows(
                        InvalidException.class, () -> RecordReader.read(given, Params.class, ""));
        assertTrue(e.getMessage().contains("optimizer/lr"), e.getMessage());
    }
}
