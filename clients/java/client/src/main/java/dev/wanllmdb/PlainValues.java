package dev.wanllmdb;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reduces native values to null, Boolean, Long, Double, String, List and Map, or rejects them. */
final class PlainValues {
    /** How deep collections and maps may be nested; the services accept less. */
    private static final int MAX_DEPTH = 100;

    private PlainValues() {}

    static Object of(Object value, String path) {
        return of(value, path, 0);
    }

    private static Object of(Object value, String path, int depth) {
        if (depth > MAX_DEPTH) {
            throw new InvalidException(path, "lies more than " + MAX_DEPTH + " levels deep");
        }
        if (value == null || value instanceof Boolean) {
            return value;
        }
        if (value instanceof Number number) {
            return number(number, path);
        }
        if (value instanceof CharSequence || value instanceof Character) {
            return text(value.toString(), path);
        }
        if (value instanceof Enum<?> constant) {
            return constant.name();
        }
        if (value instanceof Collection<?> items) {
            return list(items.toArray(), path, depth);
        }
        if (value instanceof Map<?, ?> entries) {
            return map(entries, path, depth);
        }
        if (value.getClass().isArray()) {
            return list(value, path, depth);
        }
        throw new InvalidException(
                path,
                "is of " + value.getClass() + ": only null, numbers, texts, truth values,"
                        + " collections, arrays and maps can be sent");
    }

    private static Object number(Number number, String path) {
        if (number instanceof Long
                || number instanceof Integer
                || number instanceof Short
                || number instanceof Byte) {
            return number.longValue();
        }
        if (number instanceof BigInteger whole) {
            if (whole.bitLength() < Long.SIZE) {
                return whole.longValue();
            }
            throw new InvalidException(
                    path, "is " + whole + ", which does not fit into a signed integer of 64 bits");
        }
        if (number instanceof Double || number instanceof Float || number instanceof BigDecimal) {
            double found = number.doubleValue();
            if (Double.isFinite(found)) {
                return found;
            }
            throw new InvalidException(path, "is " + number + ": only finite numbers can be sent");
        }
        throw new InvalidException(path, "is a number of " + number.getClass());
    }

    private static String text(String text, String path) {
        if (!Texts.isWhole(text)) {
            throw new InvalidException(path, "is a text with half of a surrogate pair");
        }
        return text;
    }

    private static List<Object> list(Object array, String path, int depth) {
        List<Object> plain = new ArrayList<>();
        for (int i = 0; i < Array.getLength(array); i++) {
            plain.add(of(Array.get(array, i), path + "[" + i + "]", depth + 1));
        }
        return plain;
    }

    private static Map<String, Object> map(Map<?, ?> entries, String path, int depth) {
        Map<String, Object> plain = new LinkedHashMap<>();
        entries.forEach(
                (key, value) -> {
                    if (!(key instanceof CharSequence) && !(key instanceof Enum<?>)) {
                        throw new InvalidException(
                                path, "has the key " + key + ": only texts can be sent");
                    }
                    String name = (String) of(key, path, depth + 1);
                    plain.put(name, of(value, path + "." + name, depth + 1));
                });
        return plain;
    }
}
