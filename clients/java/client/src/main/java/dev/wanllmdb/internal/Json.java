package dev.wanllmdb.internal;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads and writes JSON in which 1 is an integer and 1.0 a floating-point number, as most libraries
 * do not. The values are null, Boolean, Long, BigInteger beyond 64 bits, Double, String, List and
 * Map.
 */
public final class Json {
    private static final int MAX_DEPTH = 500;

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /**
     * Returns the value of a text.
     *
     * @throws IllegalArgumentException if the text is no JSON, with the place
     */
    public static Object read(String text) {
        Json reader = new Json(text);
        Object value = reader.value(0);
        reader.skipSpaces();
        if (reader.at < text.length()) {
            throw reader.wrong("nothing more is expected");
        }
        return value;
    }

    /** Returns the text of a value; a map's keys are texts. */
    public static String write(Object value) {
        StringBuilder into = new StringBuilder();
        write(value, into);
        return into.toString();
    }

    private static void write(Object value, StringBuilder into) {
        if (value instanceof String text) {
            writeText(text, into);
        } else if (value instanceof Double number) {
            // JSON has no infinities and no NaN; Double's own text always has a point.
            into.append(Double.isFinite(number) ? number.toString() : "null");
        } else if (value instanceof List<?> items) {
            char before = '[';
            for (Object item : items) {
                into.append(before);
                write(item, into);
                before = ',';
            }
            into.append(items.isEmpty() ? "[]" : "]");
        } else if (value instanceof Map<?, ?> entries) {
            char before = '{';
            for (Map.Entry<?, ?> entry : entries.entrySet()) {
                into.append(before);
                writeText((String) entry.getKey(), into);
                into.append(':');
                write(entry.getValue(), into);
                before = ',';
            }
            into.append(entries.isEmpty() ? "{}" : "}");
        } else {
            into.append(value);
        }
    }

    private static void writeText(String text, StringBuilder into) {
        into.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                into.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                into.append(String.format("\\u%04x", (int) c));
            } else {
                into.append(c);
            }
        }
        into.append('"');
    }

    private Object value(int depth) {
        if (depth > MAX_DEPTH) {
            throw wrong("this lies too deep");
        }
        skipSpaces();
        switch (peek()) {
            case '{':
                return object(depth);
            case '[':
                return list(depth);
            case '"':
                return string();
            case 't':
                return word("true", true);
            case 'f':
                return word("false", false);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> entries = new LinkedHashMap<>();
        at++;
        skipSpaces();
        if (peek() == '}') {
            at++;
            return entries;
        }
        while (true) {
            skipSpaces();
            if (peek() != '"') {
                throw wrong("a key is expected");
            }
            String key = string();
            skipSpaces();
            take(':');
            entries.put(key, value(depth + 1));
            skipSpaces();
            if (peek() == '}') {
                at++;
                return entries;
            }
            take(',');
        }
    }

    private List<Object> list(int depth) {
        List<Object> items = new ArrayList<>();
        at++;
        skipSpaces();
        if (peek() == ']') {
            at++;
            return items;
        }
        while (true) {
            items.add(value(depth + 1));
            skipSpaces();
            if (peek() == ']') {
                at++;
                return items;
            }
            take(',');
        }
    }

    private String string() {
        StringBuilder found = new StringBuilder();
        at++;
        while (true) {
            char c = peek();
            if (c < ' ') {
                throw wrong("the text does not end");
            }
            at++;
            if (c == '"') {
                return found.toString();
            }
            found.append(c == '\\' ? escaped() : c);
        }
    }

    private char escaped() {
        char c = peek();
        at++;
        switch (c) {
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case '"', '\\', '/':
                return c;
            case 'u':
                return unit();
            default:
                throw wrong("there is no escape \\" + c);
        }
    }

    private char unit() {
        int end = at + 4;
        if (end > text.length()) {
            throw wrong("four hexadecimal digits are expected");
        }
        int unit = 0;
        for (; at < end; at++) {
            int digit = Character.digit(text.charAt(at), 16);
            if (digit < 0) {
                throw wrong("a hexadecimal digit is expected");
            }
            unit = unit * 16 + digit;
        }
        return (char) unit;
    }

    private Object number() {
        int from = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String digits = text.substring(from, at);
        try {
            if (digits.contains(".") || digits.contains("e") || digits.contains("E")) {
                return Double.parseDouble(digits);
            }
            BigInteger whole = new BigInteger(digits);
            return whole.bitLength() < Long.SIZE ? (Object) whole.longValue() : whole;
        } catch (NumberFormatException e) {
            at = from;
            throw wrong("a value is expected");
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw wrong("a value is expected");
        }
        at += word.length();
        return value;
    }

    private void take(char expected) {
        if (peek() != expected) {
            throw wrong(expected + " is expected");
        }
        at++;
    }

    /** Returns the next character; NUL at the end. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : '\0';
    }

    private void skipSpaces() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException("no JSON: at character " + (at + 1) + " " + what);
    }
}
