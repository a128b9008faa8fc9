package dev.wanllmdb;

/** What this client throws: each kind of problem is a class of its own. */
public abstract sealed class WanllmdbException extends RuntimeException
        permits GaveUpException,
                InvalidException,
                NoRunException,
                RunStoppedException,
                ServiceException,
                UndeliveredException {
    private static final long serialVersionUID = 1L;

    WanllmdbException(String message, Throwable cause) {
        super(message, cause);
    }
}
