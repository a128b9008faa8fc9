package dev.wanllmdb;

/**
 * An API key, which logs do not show.
 *
 * @param text the key
 */
public record ApiKey(String text) {
    /** {@return no part of the key} */
    @Override
    public String toString() {
        return "(hidden)";
    }
}
