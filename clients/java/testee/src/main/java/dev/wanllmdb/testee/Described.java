package dev.wanllmdb.testee;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Describes native values as JSON that says their type, since JSON alone loses 1.0. */
final class Described {
    private Described() {}

    /** Returns the description of a native value. */
    static Map<String, Object> of(Object value) {
        if (value == null) {
            return Map.of("type", "null");
        }
        if (value instanceof Boolean) {
            return Map.of("type", "bool", "value", value);
        }
        if (value instanceof Long || value instanceof BigInteger) {
            return Map.of("type", "int", "value", value.toString());
        }
        if (value instanceof Double) {
            return Map.of("type", "float", "value", value);
        }
        if (value instanceof String) {
            return Map.of("type", "string", "value", value);
        }
        if (value instanceof List<?> items) {
            return Map.of("type", "list", "items", items.stream().map(Described::of).toList());
        }
        Map<String, Object> entries = new LinkedHashMap<>();
        ((Map<?, ?>) value).forEach((key, each) -> entries.put((String) key, of(each)));
        return Map.of("type", "map", "entries", entries);
    }

    /** Returns the native value that a description stands for. */
    static Object nativeValue(Object description) {
        Given given = new Given(description);
        switch (given.text("type")) {
            case "null":
                return null;
            case "int":
                BigInteger whole = new BigInteger(given.text("value"));
                return whole.bitLength() < Long.SIZE ? (Object) whole.longValue() : whole;
            case "float":
                return number(given.value("value"));
            case "list":
                return natives(given.list("items"));
            case "map":
                return nativesByName(given.object("entries"));
            default:
                return given.value("value");
        }
    }

    /** Returns a number of JSON, or one that JSON lacks and that is a text. */
    static double number(Object value) {
        return value instanceof String text
                ? Double.parseDouble(text)
                : ((Number) value).doubleValue();
    }

    static List<Object> natives(List<?> descriptions) {
        List<Object> values = new ArrayList<>();
        descriptions.forEach(each -> values.add(nativeValue(each)));
        return values;
    }

    static Map<String, Object> nativesByName(Given descriptions) {
        Map<String, Object> values = new LinkedHashMap<>();
        descriptions.names().forEach(
                name -> values.put(name, nativeValue(descriptions.value(name))));
        return values;
    }
}
