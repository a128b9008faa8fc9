package dev.wanllmdb;

import com.google.protobuf.NullValue;
import dev.wanllmdb.api.registry.v1.ParameterValue;
import dev.wanllmdb.api.registry.v1.Run;
import dev.wanllmdb.internal.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Converts between native values and the API's typed ones: 1 stays an integer, and 1.0 a
 * floating-point number.
 */
public final class Values {
    private Values() {}

    /**
     * Returns the typed message of a native value: null, a Boolean, an integer or floating-point
     * number of any size, a text, an enum constant by its name, an array or a collection, or a map
     * with texts as keys.
     *
     * @param value the value
     * @return the message
     * @throws InvalidException if the value can't be sent: NaN, an infinity, an integer beyond 64
     *     bits, a text with half of a surrogate pair, or a value of another type
     */
    public static ParameterValue write(Object value) {
        return write(value, "value");
    }

    /**
     * Returns the native value of a message.
     *
     * @param message the message
     * @return null, or a Boolean, Long, Double, String, List or Map; an integer beyond 64 bits
     * within a list or map is a BigInteger
     * @throws InvalidException if the message has a text that is no JSON
     */
    public static Object read(ParameterValue message) {
        switch (message.getKindCase()) {
            case DOUBLE_VALUE:
                return message.getDoubleValue();
            case INT_VALUE:
                return message.getIntValue();
            case STRING_VALUE:
                return message.getStringValue();
            case BOOL_VALUE:
                return message.getBoolValue();
            case JSON_VALUE:
                try {
                    return Json.read(message.getJsonValue());
                } catch (IllegalArgumentException e) {
                    throw new InvalidException("the value", "of the service is " + e.getMessage());
                }
            default:
                return null;
        }
    }

    /**
     * Returns the parameters of a run by name as programs get them: the parameter "a/b" of a group
     * is "b" within the map "a".
     *
     * @param run a run
     * @return the native values
     */
    public static Map<String, Object> parameters(Run run) {
        Map<String, Object> nested = new LinkedHashMap<>();
        new TreeMap<>(run.getParametersMap())
                .forEach((name, message) -> put(nested, name, read(message)));
        return nested;
    }

    @SuppressWarnings("unchecked") // Only maps that this method made are groups.
    private static void put(Map<String, Object> nested, String name, Object value) {
        Map<String, Object> group = nested;
        int from = 0;
        for (int slash; (slash = name.indexOf('/', from)) >= 0; from = slash + 1) {
            String part = name.substring(from, slash);
            if (!(group.get(part) instanceof Map)) {
                group.put(part, new LinkedHashMap<String, Object>());
            }
            group = (Map<String, Object>) group.get(part);
        }
        group.put(name.substring(from), value);
    }

    /** Returns the message of a value; the path names it in errors. */
    static ParameterValue write(Object value, String path) {
        Object plain = PlainValues.of(value, path);
        ParameterValue.Builder message = ParameterValue.newBuilder();
        if (plain == null) {
            message.setNullValue(NullValue.NULL_VALUE);
        } else if (plain instanceof Boolean truth) {
            message.setBoolValue(truth);
        } else if (plain instanceof Long whole) {
            message.setIntValue(whole);
        } else if (plain instanceof Double number) {
            message.setDoubleValue(number);
        } else if (plain instanceof String text) {
            message.setStringValue(text);
        } else {
            message.setJsonValue(Json.write(plain));
        }
        return message.build();
    }

    static Map<String, ParameterValue> writeMap(Map<String, ?> values, String path) {
        Map<String, ParameterValue> messages = new LinkedHashMap<>();
        values.forEach((name, value) -> messages.put(name, write(value, path + "." + name)));
        return messages;
    }

    static List<ParameterValue> writeList(List<?> values, String path) {
        ParameterValue[] messages = new ParameterValue[values.size()];
        for (int i = 0; i < messages.length; i++) {
            messages[i] = write(values.get(i), path + "[" + i + "]");
        }
        return List.of(messages);
    }
}
