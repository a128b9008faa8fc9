package dev.wanllmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.wanllmdb.internal.Json;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ValuesTest {
    @Test
    void keepsIntegersAndFloatsApart() {
        assertEquals(1, Values.write((byte) 1).getIntValue());
        assertEquals(1.0, Values.write(1f).getDoubleValue());
        assertEquals("[1,1.0,1.0E22]", Values.write(new Object[] {1, 1.0, 1e22}).getJsonValue());
        assertEquals(List.of(1L, 1.0, 100.0), Json.read("[1, 1.0, 1e2]"));
    }

    @Test
    void readsIntegersBeyond64Bits() {
        assertEquals(
                List.of(new BigInteger("9223372036854775808")),
                Json.read("[9223372036854775808]"));
    }

    @Test
    void namesWhatCanNotBeSent() {
        InvalidException e =
                assertThrows(
                        InvalidException.class,
                        () -> Values.write(Map.of("a", List.of(1, new Object())), "x"));
        assertEquals("x.a[1]", e.what());
        assertThrows(InvalidException.class, () -> Values.write(Map.of(1, 2)));
        assertThrows(InvalidException.class, () -> Values.write("\ud800"));
    }

    @Test
    void rejectsTextsThatAreNoJson() {
        for (String text :
                List.of("", "[1", "{\"a\" 1}", "{1: 2}", "nul", "[1,]", "\"\\x\"", "1 2", "-",
                        "\"a")) {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> Json.read(text), text);
            assertTrue(e.getMessage().contains("at character"), e.getMessage());
        }
    }

    @Test
    void writesWhatItReads() {
        String text = "{\"a\\u000a\\\"\":[null,true,-0.5,{}],\"\\ud800\":[]}";
        assertEquals(text, Json.write(Json.read(text)));
    }
}
