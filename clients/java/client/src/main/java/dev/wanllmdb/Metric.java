package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.Goal;
import dev.wanllmdb.api.registry.v1.Impute;
import dev.wanllmdb.api.registry.v1.ObjectiveValue;

/** A metric that a sweep optimizes. It does not change: its methods return another one. */
public final class Metric {
    private final dev.wanllmdb.api.registry.v1.Metric message;

    private Metric(dev.wanllmdb.api.registry.v1.Metric.Builder message) {
        this.message = message.build();
    }

    /**
     * Returns a metric of which smaller values are better.
     *
     * @param name the name under which runs log it
     * @return the metric
     */
    public static Metric minimize(String name) {
        return of(name, Goal.GOAL_MINIMIZE);
    }

    /**
     * Returns a metric of which larger values are better.
     *
     * @param name the name under which runs log it
     * @return the metric
     */
    public static Metric maximize(String name) {
        return of(name, Goal.GOAL_MAXIMIZE);
    }

    private static Metric of(String name, Goal goal) {
        return new Metric(
                dev.wanllmdb.api.registry.v1.Metric.newBuilder().setName(name).setGoal(goal));
    }

    /**
     * Finishes the sweep when a run reaches a value.
     *
     * @param value the value
     * @return the metric with this target
     */
    public Metric target(double value) {
        return new Metric(message.toBuilder().setTarget(value));
    }

    /**
     * Sets which logged value of a run counts; the last one does otherwise.
     *
     * @param value the value that counts
     * @return the metric
     */
    public Metric value(ObjectiveValue value) {
        return new Metric(message.toBuilder().setValue(value));
    }

    /**
     * Has the mean of a run's last values count.
     *
     * @param values how many values
     * @return the metric
     */
    public Metric meanOfLast(int values) {
        return new Metric(
                message.toBuilder()
                        .setValue(ObjectiveValue.OBJECTIVE_VALUE_MEAN_LAST)
                        .setMeanOver(values));
    }

    /**
     * Sets what a run without an objective counts as for the sampler.
     *
     * @param impute of a run that has ended
     * @param whileRunning of a run that has not
     * @return the metric
     */
    public Metric impute(Impute impute, Impute whileRunning) {
        return new Metric(
                message.toBuilder().setImpute(impute).setImputeWhileRunning(whileRunning));
    }

    dev.wanllmdb.api.registry.v1.Metric message() {
        return message;
    }
}
