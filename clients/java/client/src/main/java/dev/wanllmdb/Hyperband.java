package dev.wanllmdb;

/** The rule of W&amp;B's sweeps by which bad runs are stopped. Its methods return another one. */
public final class Hyperband {
    private final dev.wanllmdb.api.registry.v1.Hyperband message;

    private Hyperband(dev.wanllmdb.api.registry.v1.Hyperband.Builder message) {
        this.message = message.build();
    }

    /**
     * Returns the rule by its first rung.
     *
     * @param iteration the iteration of the first rung
     * @return the rule
     */
    public static Hyperband minIter(long iteration) {
        return new Hyperband(
                dev.wanllmdb.api.registry.v1.Hyperband.newBuilder().setMinIter(iteration));
    }

    /**
     * Returns the rule by the length of a full run.
     *
     * @param iterations the number of iterations of a full run
     * @param s the number of rungs before that
     * @return the rule
     */
    public static Hyperband maxIter(long iterations, int s) {
        return new Hyperband(
                dev.wanllmdb.api.registry.v1.Hyperband.newBuilder()
                        .setMaxIter(iterations)
                        .setS(s));
    }

    /**
     * Sets the factor from one rung to the next, which is 3 otherwise.
     *
     * @param factor the factor
     * @return the rule
     */
    public Hyperband eta(double factor) {
        return new Hyperband(message.toBuilder().setEta(factor));
    }

    /**
     * Sets whether a run's value at the rung is compared, as is the default, or its best value so
     * far.
     *
     * @param isStrict false for the best value so far
     * @return the rule
     */
    public Hyperband strict(boolean isStrict) {
        return new Hyperband(message.toBuilder().setStrict(isStrict));
    }

    dev.wanllmdb.api.registry.v1.Hyperband message() {
        return message;
    }
}
