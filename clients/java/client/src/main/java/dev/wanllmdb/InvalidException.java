package dev.wanllmdb;

/** What the client rejects before any call: a setting, a value, a search space. */
public final class InvalidException extends WanllmdbException {
    private static final long serialVersionUID = 1L;

    /** What is at fault. */
    private final String what;

    InvalidException(String what, String problem) {
        super(what + " " + problem, null);
        this.what = what;
    }

    /**
     * {@return what is at fault: a variable of the environment, an option, the path of a value}
     */
    public String what() {
        return what;
    }
}
