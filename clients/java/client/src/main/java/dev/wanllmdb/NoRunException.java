package dev.wanllmdb;

/** The process has no run: no command agent gave it one, or the run is no longer the process's. */
public final class NoRunException extends WanllmdbException {
    private static final long serialVersionUID = 1L;

    NoRunException(String problem) {
        super("no run: " + problem, null);
    }
}
