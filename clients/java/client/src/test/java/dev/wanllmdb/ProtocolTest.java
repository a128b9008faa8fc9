package dev.wanllmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.wanllmdb.internal.Pauses;
import dev.wanllmdb.internal.Protocol;
import java.io.IOException;
import java.lang.reflect.Field;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ProtocolTest {
    private static final Pattern ROW =
            Pattern.compile("(?m)^\\| `([a-z_]+)` \\| ([0-9., ]+) \\|");

    /** Names that the page has and that would say too little, or too much, in code. */
    private static final Map<String, String> NAMES =
            Map.of(
                    "keepalive_milliseconds", "KEEPALIVE",
                    "keepalive_timeout_milliseconds", "KEEPALIVE_TIMEOUT",
                    "first_reconnect_milliseconds", "FIRST_RECONNECT",
                    "longest_reconnect_milliseconds", "LONGEST_RECONNECT",
                    "connect_milliseconds", "CONNECT_TIMEOUT",
                    "quick_seconds", "QUICK_WINDOW");

    @Test
    void hasTheConstantsOfThePage() throws IOException, ReflectiveOperationException {
        String page = Files.readString(Path.of("../../PROTOCOL.md"));
        Map<String, String> expected = new TreeMap<>();
        Map<String, String> found = new TreeMap<>();
        Matcher rows = ROW.matcher(page.substring(0, page.indexOf("\n## 2.")));
        int values = 0;
        while (rows.find()) {
            String name = rows.group(1);
            expected.put(name, rows.group(2).strip());
            found.put(name, valueOf(name));
            values += rows.group(2).contains(",") ? 2 : 1;
        }
        assertEquals(expected, found);
        long constants =
                Arrays.stream(Protocol.class.getDeclaredFields())
                        .filter(field -> !field.isSynthetic())
                        .count();
        assertEquals(values, constants);
    }

    private static String valueOf(String name) throws ReflectiveOperationException {
        if (name.endsWith("_jitter")) {
            String prefix = name.replace("_jitter", "").toUpperCase();
            return text(field(prefix + "_LEAST"), false) + ", "
                    + text(field(prefix + "_MOST"), false);
        }
        String constant = NAMES.getOrDefault(name, name.toUpperCase());
        return text(field(constant), name.endsWith("milliseconds"));
    }

    private static Object field(String name) throws ReflectiveOperationException {
        Field field = Protocol.class.getField(name);
        return field.get(null);
    }

    private static String text(Object value, boolean inMilliseconds) {
        double number =
                value instanceof Duration duration
                        ? duration.toMillis() / (inMilliseconds ? 1.0 : 1000.0)
                        : ((Number) value).doubleValue();
        return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }

    @Test
    void doublesPausesUpToTheLongest() {
        Pauses pauses = new Pauses(Duration.ofSeconds(1), Duration.ofSeconds(3));
        for (long seconds : new long[] {1, 2, 3, 3}) {
            assertEquals(Duration.ofSeconds(seconds), pauses.next());
        }
    }
}
