package dev.wanllmdb;

import dev.wanllmdb.internal.Protocol;
import java.io.PrintWriter;
import java.io.StringWriter;

/** Makes texts that can be sent and stored. */
final class Texts {
    private static final char REPLACEMENT = '\uFFFD';

    private Texts() {}

    /** Returns whether a text has no half of a surrogate pair. */
    static boolean isWhole(String text) {
        return text.codePoints().noneMatch(Texts::isHalf);
    }

    /** Returns a text without NUL and without halves of surrogate pairs. */
    static String sendable(String text) {
        return isWhole(text) && text.indexOf('\0') < 0
                ? text
                : text.codePoints()
                        .map(each -> each == 0 || isHalf(each) ? REPLACEMENT : each)
                        .collect(
                                StringBuilder::new,
                                StringBuilder::appendCodePoint,
                                StringBuilder::append)
                        .toString();
    }

    /** Returns the beginning of a text, cut to the length of a message. */
    static String message(String text) {
        String whole = sendable(text);
        int excess = length(whole) - Protocol.MAX_MESSAGE_CHARACTERS;
        if (excess <= 0) {
            return whole;
        }
        String mark = " ... (" + excess + " more characters were cut)";
        int kept = Protocol.MAX_MESSAGE_CHARACTERS - mark.length();
        return whole.substring(0, whole.offsetByCodePoints(0, kept)) + mark;
    }

    /** Returns the end of a text, cut to the length of a stack trace. */
    static String trace(String text) {
        String whole = sendable(text);
        int excess = length(whole) - Protocol.MAX_TRACEBACK_CHARACTERS;
        if (excess <= 0) {
            return whole;
        }
        String mark = "(" + excess + " characters were cut here) ...\n";
        return mark + whole.substring(whole.offsetByCodePoints(0, excess + mark.length()));
    }

    /** Returns the stack trace of what training code threw. */
    static String traceOf(Throwable thrown) {
        StringWriter into = new StringWriter();
        thrown.printStackTrace(new PrintWriter(into));
        return into.toString();
    }

    /** Returns the number of characters, of which one beyond 16 bits is one. */
    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** Returns the number of bytes in UTF-8, or a little more. */
    static int utf8Length(String text) {
        int bytes = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
        }
        return bytes;
    }

    private static boolean isHalf(int codePoint) {
        return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
    }
}
