package dev.wanllmdb;

/** Tells people what agents do, through the logging of the Java installation. */
final class Log {
    private static final System.Logger LOG = System.getLogger("dev.wanllmdb");

    private Log() {}

    /** Logs a text with values in the places of its %s. */
    static void info(String text, Object... values) {
        if (LOG.isLoggable(System.Logger.Level.INFO)) {
            LOG.log(System.Logger.Level.INFO, String.format(text, values));
        }
    }

    /** Logs a warning with values in the places of its %s. */
    static void warning(String text, Object... values) {
        LOG.log(System.Logger.Level.WARNING, String.format(text, values));
    }
}
