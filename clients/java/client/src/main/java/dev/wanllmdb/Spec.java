package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.AlgorithmChoice;
import dev.wanllmdb.api.registry.v1.ArgsStyle;
import dev.wanllmdb.api.registry.v1.CreateSweepRequest;
import dev.wanllmdb.api.registry.v1.EarlyTermination;
import dev.wanllmdb.api.registry.v1.Method;
import dev.wanllmdb.api.registry.v1.Parameter;
import dev.wanllmdb.api.registry.v1.PriorRunSource;
import dev.wanllmdb.api.registry.v1.RetryPolicy;
import dev.wanllmdb.api.registry.v1.SweepSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Describes a sweep: its search space, metrics and algorithms. {@link #random}, {@link #grid} and
 * {@link #bayes} make one; its methods change it and return it.
 *
 * <pre>{@code
 * Spec.bayes(Metric.minimize("loss"))
 *         .param("lr", logUniform(1e-4, 0.1))
 *         .param("layers", ints(1, 4))
 *         .hyperband(Hyperband.minIter(2))
 *         .runCap(20)
 * }</pre>
 */
public final class Spec implements SweepSource {
    private final SweepSpec.Builder spec = SweepSpec.newBuilder();
    private final List<Parameter> parameters = new ArrayList<>();
    private final List<String> constraints = new ArrayList<>();
    private final CreateSweepRequest.Builder request = CreateSweepRequest.newBuilder();

    private Spec(Method method) {
        spec.setMethod(method);
    }

    /**
     * Returns a sweep that chooses parameters independently of results.
     *
     * @return the description
     */
    public static Spec random() {
        return new Spec(Method.METHOD_RANDOM);
    }

    /**
     * Returns a sweep that tries every point of the space once.
     *
     * @return the description
     */
    public static Spec grid() {
        return new Spec(Method.METHOD_GRID);
    }

    /**
     * Returns a sweep that learns from results.
     *
     * @param metrics one metric, or several
     * @return the description
     */
    public static Spec bayes(Metric... metrics) {
        return new Spec(Method.METHOD_BAYES).optimize(metrics);
    }

    /**
     * Adds metrics.
     *
     * @param metrics one metric, or several
     * @return this description
     */
    public Spec optimize(Metric... metrics) {
        for (Metric metric : metrics) {
            spec.addMetrics(metric.message());
        }
        return this;
    }

    /**
     * Adds a parameter.
     *
     * @param name its name; in a group, it begins with the group's: "optimizer/lr"
     * @param distribution its values
     * @return this description
     */
    public Spec param(String name, Distribution distribution) {
        parameters.add(SpaceWriter.parameter(name, distribution));
        return this;
    }

    /**
     * Adds a condition that every proposed point meets.
     *
     * @param expression an expression over parameters: "warmup &lt; epochs"
     * @return this description
     */
    public Spec constraint(String expression) {
        constraints.add(expression);
        return this;
    }

    /**
     * Sets the algorithm that chooses parameters, in place of the method's default.
     *
     * @param name its name
     * @param options its options, as {@link Values#write} takes them
     * @return this description
     */
    public Spec sampler(String name, Map<String, ?> options) {
        spec.setSampler(choice(name, options));
        return this;
    }

    /**
     * Sets the rule that finishes the sweep when going on is not worth it.
     *
     * @param name its name
     * @param options its options, as {@link Values#write} takes them
     * @return this description
     */
    public Spec terminator(String name, Map<String, ?> options) {
        spec.setTerminator(choice(name, options));
        return this;
    }

    /**
     * Stops bad runs by one of Optuna's pruners.
     *
     * @param name its name
     * @param options its options, as {@link Values#write} takes them
     * @return this description
     */
    public Spec pruner(String name, Map<String, ?> options) {
        spec.setEarlyTermination(EarlyTermination.newBuilder().setPruner(choice(name, options)));
        return this;
    }

    /**
     * Stops bad runs by W&amp;B's rule.
     *
     * @param rule the rule
     * @return this description
     */
    public Spec hyperband(Hyperband rule) {
        spec.setEarlyTermination(EarlyTermination.newBuilder().setHyperband(rule.message()));
        return this;
    }

    /**
     * Limits the number of runs.
     *
     * @param runs the most runs
     * @return this description
     */
    public Spec runCap(long runs) {
        spec.setRunCap(runs);
        return this;
    }

    /**
     * Makes the sequence of proposals repeatable.
     *
     * @param seed any number
     * @return this description
     */
    public Spec seed(long seed) {
        spec.setSeed(seed);
        return this;
    }

    /**
     * Sets how often a run is queued again.
     *
     * @param lost how often a run that was lost
     * @param failed how often a run that failed
     * @return this description
     */
    public Spec retries(int lost, int failed) {
        spec.setRetries(RetryPolicy.newBuilder().setLost(lost).setFailed(failed));
        return this;
    }

    /**
     * Sets when the sweep fails.
     *
     * @param runs the number of failed runs
     * @return this description
     */
    public Spec maxFailedRuns(long runs) {
        spec.setMaxFailedRuns(runs);
        return this;
    }

    /**
     * Sets what command agents run.
     *
     * @param program the program
     * @param command the command line with macros; the default without one
     * @return this description
     */
    public Spec program(String program, String... command) {
        spec.setProgram(program).clearCommand().addAllCommand(List.of(command));
        return this;
    }

    /**
     * Sets how command agents write parameters on the command line.
     *
     * @param style the style
     * @return this description
     */
    public Spec argsStyle(ArgsStyle style) {
        spec.setArgsStyle(style);
        return this;
    }

    /**
     * Sets the sweep's name.
     *
     * @param name the name, for people
     * @return this description
     */
    public Spec name(String name) {
        request.setName(name);
        return this;
    }

    /**
     * Sets the sweep's description.
     *
     * @param description any text
     * @return this description
     */
    public Spec description(String description) {
        request.setDescription(description);
        return this;
    }

    /**
     * Sets the project, which is created if it is new.
     *
     * @param project its name
     * @return this description
     */
    public Spec project(String project) {
        request.setProject(project);
        return this;
    }

    /**
     * Sets results to begin with, for example those of another sweep.
     *
     * @param source the results
     * @return this description
     */
    public Spec priorRuns(PriorRunSource source) {
        request.setPriorRunSource(source);
        return this;
    }

    /**
     * Returns the message that describes the sweep, with its parameters ordered by name.
     *
     * @return the message
     */
    public SweepSpec build() {
        SweepSpec.Builder built = spec.build().toBuilder();
        built.getSearchSpaceBuilder()
                .addAllParameters(
                        parameters.stream()
                                .sorted(Comparator.comparing(Parameter::getName))
                                .toList())
                .addAllConstraints(constraints);
        return built.build();
    }

    /** Returns the request that creates the sweep. */
    CreateSweepRequest request() {
        return request.build().toBuilder().setSpec(build()).build();
    }

    private static AlgorithmChoice choice(String name, Map<String, ?> options) {
        return AlgorithmChoice.newBuilder()
                .setName(name)
                .putAllOptions(Values.writeMap(options, name))
                .build();
    }
}
