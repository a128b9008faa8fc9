package dev.wanllmdb;

import java.lang.reflect.Constructor;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes records of parameters. */
final class RecordReader {
    /** The largest integer up to which each is a double. */
    private static final long EXACT = 1L << 53;

    private RecordReader() {}

    /** Returns a record with a group of parameters; the path begins the names in errors. */
    static <T> T read(Map<?, ?> group, Class<T> type, String path) {
        if (!type.isRecord()) {
            throw new InvalidException(type.getName(), "is no record, as parameters need");
        }
        RecordComponent[] components = type.getRecordComponents();
        Object[] values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            values[i] = component(group, components[i], path);
        }
        return make(type, components, values);
    }

    private static Object component(Map<?, ?> group, RecordComponent component, String path) {
        ParameterName named = component.getAnnotation(ParameterName.class);
        String name = named == null ? component.getName() : named.value();
        Object given = group.get(name);
        if (component.getType() == Optional.class) {
            Type inner = argument(component.getGenericType(), 0);
            return given == null
                    ? Optional.empty()
                    : Optional.of(value(given, inner, path + name));
        }
        if (!group.containsKey(name)) {
            throw new InvalidException(
                    "the parameter " + path + name,
                    "is not in this run: make the component an Optional if it may be absent");
        }
        return value(given, component.getGenericType(), path + name);
    }

    private static Object value(Object given, Type type, String path) {
        Class<?> raw = rawType(type);
        if (given == null) {
            if (raw.isPrimitive()) {
                throw mismatch(null, type, path);
            }
            return null;
        }
        if (given instanceof Map<?, ?> group && raw.isRecord()) {
            return read(group, raw, path + "/");
        }
        if (given instanceof List<?> items && raw == List.class) {
            return list(items, argument(type, 0), path);
        }
        if (given instanceof Map<?, ?> entries && raw == Map.class) {
            return map(entries, argument(type, 1), path);
        }
        Object found = scalar(given, raw);
        if (found == null) {
            throw mismatch(given, type, path);
        }
        return found;
    }

    /** Returns a value that fits a type without components; null if it does not. */
    private static Object scalar(Object given, Class<?> type) {
        if (type.isInstance(given)) {
            return given;
        }
        if (given instanceof Boolean && type == boolean.class) {
            return given;
        }
        if (given instanceof Long whole) {
            return integer(whole, type);
        }
        if (given instanceof Double number) {
            if (type == double.class) {
                return number;
            }
            return type == float.class || type == Float.class ? number.floatValue() : null;
        }
        if (given instanceof String text && type.isEnum()) {
            return Arrays.stream(type.getEnumConstants())
                    .filter(each -> ((Enum<?>) each).name().equalsIgnoreCase(text))
                    .findFirst()
                    .orElse(null);
        }
        return null;
    }

    private static Object integer(long whole, Class<?> type) {
        if (type == long.class) {
            return whole;
        }
        if ((type == int.class || type == Integer.class) && whole == (int) whole) {
            return (int) whole;
        }
        if ((type == short.class || type == Short.class) && whole == (short) whole) {
            return (short) whole;
        }
        if ((type == byte.class || type == Byte.class) && whole == (byte) whole) {
            return (byte) whole;
        }
        if (whole < -EXACT || whole > EXACT) {
            return null;
        }
        if (type == double.class || type == Double.class) {
            return (double) whole;
        }
        return type == float.class || type == Float.class ? (Object) (float) whole : null;
    }

    private static List<Object> list(List<?> items, Type type, String path) {
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            values.add(value(items.get(i), type, path + "[" + i + "]"));
        }
        return values;
    }

    private static Map<Object, Object> map(Map<?, ?> entries, Type type, String path) {
        Map<Object, Object> values = new LinkedHashMap<>();
        entries.forEach((key, each) -> values.put(key, value(each, type, path + "/" + key)));
        return values;
    }

    private static <T> T make(Class<T> type, RecordComponent[] components, Object[] values) {
        Class<?>[] types =
                Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
        try {
            Constructor<T> constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException rejected) {
                throw rejected;
            }
            throw new InvalidException(type.getName(), "can't be made: " + e.getCause());
        } catch (ReflectiveOperationException | InaccessibleObjectException e) {
            throw new InvalidException(
                    type.getName(),
                    "can't be made: open its package to this client, or make it public: " + e);
        }
    }

    private static Class<?> rawType(Type type) {
        if (type instanceof Class<?> found) {
            return found;
        }
        return type instanceof ParameterizedType generic
                ? (Class<?>) generic.getRawType()
                : Object.class;
    }

    private static Type argument(Type type, int index) {
        return type instanceof ParameterizedType generic
                ? generic.getActualTypeArguments()[index]
                : Object.class;
    }

    private static InvalidException mismatch(Object given, Type type, String path) {
        return new InvalidException(
                "the parameter " + path,
                "is " + given + ", which does not fit a component of the type "
                        + type.getTypeName());
    }
}
