package dev.wanllmdb;

/** What a run reported could not be delivered within the patience. The cause says why. */
public final class UndeliveredException extends WanllmdbException {
    private static final long serialVersionUID = 1L;

    UndeliveredException(String message, ServiceException cause) {
        super(message + ": " + cause.getMessage(), cause);
    }

    /** {@return the last error of the service} */
    @Override
    public synchronized ServiceException getCause() {
        return (ServiceException) super.getCause();
    }
}
