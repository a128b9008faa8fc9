package dev.wanllmdb;

import dev.wanllmdb.internal.Protocol;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Reduces what a program logs to numbers by name, and leaves out the rest with a warning. */
final class Metrics {
    private final Set<String> warned = new HashSet<>();

    /** Returns the values that can be sent; nested names are joined with dots. */
    Map<String, Double> accepted(Map<String, ?> values) {
        Map<String, Double> kept = new LinkedHashMap<>();
        add("", values, kept);
        return kept;
    }

    /** Warns, once with the same text. */
    synchronized void warn(String text, Object at) {
        if (warned.add(text)) {
            Log.warning("%s: %s", text, at);
        }
    }

    private void add(String prefix, Map<?, ?> values, Map<String, Double> kept) {
        values.forEach(
                (key, value) -> {
                    String name = prefix + key;
                    if (value instanceof Map<?, ?> nested) {
                        add(name + ".", nested, kept);
                    } else if (!isName(name)) {
                        warn(
                                "a metric is left out, whose name must have 1 to 200 characters"
                                        + " without NUL",
                                name);
                    } else if (value instanceof Number number) {
                        kept.put(name, number.doubleValue());
                    } else if (value instanceof Boolean truth) {
                        kept.put(name, truth ? 1.0 : 0.0);
                    } else {
                        warn("a metric is left out, whose value is no number", name);
                    }
                });
    }

    private static boolean isName(String name) {
        return !name.isEmpty()
                && name.indexOf('\0') < 0
                && Texts.isWhole(name)
                && Texts.length(name) <= Protocol.MAX_METRIC_NAME_CHARACTERS;
    }
}
