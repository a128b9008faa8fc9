package dev.wanllmdb.testee;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** Reads the fields of a JSON object. */
final class Given {
    private final Map<?, ?> fields;

    Given(Object fields) {
        this.fields = (Map<?, ?>) fields;
    }

    /** Returns all fields. */
    Map<?, ?> fields() {
        return fields;
    }

    boolean has(String name) {
        return fields.get(name) != null;
    }

    Object value(String name) {
        return fields.get(name);
    }

    /** Returns a text; empty if it is absent. */
    String text(String name) {
        return has(name) ? (String) fields.get(name) : "";
    }

    /** Returns a truth value; false if it is absent. */
    boolean truth(String name) {
        return Boolean.TRUE.equals(fields.get(name));
    }

    /** Returns a number; 0 if it is absent. */
    double number(String name) {
        return has(name) ? ((Number) fields.get(name)).doubleValue() : 0;
    }

    /** Returns a whole number; 0 if it is absent. */
    long whole(String name) {
        return has(name) ? ((Number) fields.get(name)).longValue() : 0;
    }

    OptionalLong optionalWhole(String name) {
        return has(name) ? OptionalLong.of(whole(name)) : OptionalLong.empty();
    }

    Given object(String name) {
        return new Given(has(name) ? fields.get(name) : Map.of());
    }

    List<?> list(String name) {
        return has(name) ? (List<?>) fields.get(name) : List.of();
    }

    List<Given> objects(String name) {
        return list(name).stream().map(Given::new).toList();
    }

    List<String> texts(String name) {
        return list(name).stream().map(String.class::cast).toList();
    }

    /** Returns the names of the fields, sorted. */
    List<String> names() {
        return fields.keySet().stream().map(String.class::cast).sorted().toList();
    }
}
