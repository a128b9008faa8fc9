package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.ParameterCondition;
import dev.wanllmdb.api.registry.v1.ParameterValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * The values that a parameter may have, and how likely each is. The methods of this interface make
 * distributions; import them statically.
 */
public sealed interface Distribution {
    /** A distribution of floating-point numbers, which {@link #rounded} takes. */
    sealed interface Continuous extends Distribution {}

    /**
     * Always the same value.
     *
     * @param value the value
     */
    record Constant(ParameterValue value) implements Distribution {}

    /**
     * One of some values.
     *
     * @param values the values
     * @param probabilities how likely each is under random search; empty for the same
     */
    record Choice(List<ParameterValue> values, List<Double> probabilities)
            implements Distribution {
        /**
         * Returns this choice with other probabilities.
         *
         * @param probabilities how likely each value is under random search; the sum is 1
         * @return the choice
         */
        public Choice probabilities(double... probabilities) {
            return new Choice(values, Arrays.stream(probabilities).boxed().toList());
        }
    }

    /**
     * A floating-point number between two bounds.
     *
     * @param min the lower bound
     * @param max the upper bound
     * @param isLog whether the distribution is even over the logarithm
     * @param step the step from the lower bound to the next value; empty for none
     */
    record FloatRange(double min, double max, boolean isLog, OptionalDouble step)
            implements Continuous {
        /**
         * Limits the values to the lower bound plus multiples of a step.
         *
         * @param step the step
         * @return the distribution
         */
        public FloatRange step(double step) {
            return new FloatRange(min, max, isLog, OptionalDouble.of(step));
        }
    }

    /**
     * An integer between two bounds that are both included.
     *
     * @param min the lower bound
     * @param max the upper bound
     * @param isLog whether the distribution is even over the logarithm
     * @param step the step from the lower bound to the next value; empty for none
     */
    record IntRange(long min, long max, boolean isLog, OptionalLong step)
            implements Distribution {
        /**
         * Limits the values to the lower bound plus multiples of a step.
         *
         * @param step the step
         * @return the distribution
         */
        public IntRange step(long step) {
            return new IntRange(min, max, isLog, OptionalLong.of(step));
        }
    }

    /**
     * A floating-point number with a Gaussian distribution.
     *
     * @param mu the mean
     * @param sigma the standard deviation
     */
    record Normal(double mu, double sigma) implements Continuous {}

    /**
     * A positive number whose natural logarithm has a Gaussian distribution.
     *
     * @param mu the mean of the logarithm
     * @param sigma the standard deviation of the logarithm
     */
    record LogNormal(double mu, double sigma) implements Continuous {}

    /**
     * A number from 0 to 1 with a beta distribution.
     *
     * @param a the first shape
     * @param b the second shape
     */
    record Beta(double a, double b) implements Continuous {}

    /**
     * Another distribution, rounded to multiples of a step.
     *
     * @param inner the distribution to draw from
     * @param step the step: a double for floating-point numbers, an integer for integers
     */
    record Rounded(Continuous inner, ParameterValue step) implements Distribution {}

    /**
     * A distribution of a parameter that only some runs have.
     *
     * @param inner the distribution in these runs
     * @param conditions the conditions, which all must hold
     */
    record Conditional(Distribution inner, List<ParameterCondition> conditions)
            implements Distribution {}

    /**
     * Returns the distribution of a value that every run gets and no sampler searches.
     *
     * @param value a value as {@link Values#write} takes it
     * @return the distribution
     */
    static Constant constant(Object value) {
        return new Constant(Values.write(value, "the constant"));
    }

    /**
     * Returns the distribution of one of some values, which may have different types.
     *
     * @param values values as {@link Values#write} takes them
     * @return the distribution
     */
    static Choice choice(Object... values) {
        return new Choice(Values.writeList(Arrays.asList(values), "the choice"), List.of());
    }

    /**
     * Returns the distribution of a floating-point number, evenly between two bounds.
     *
     * @param min the lower bound
     * @param max the upper bound
     * @return the distribution
     */
    static FloatRange uniform(double min, double max) {
        return new FloatRange(min, max, false, OptionalDouble.empty());
    }

    /**
     * Returns the distribution of a floating-point number, evenly over the logarithm.
     *
     * @param min the lower bound, not its exponent
     * @param max the upper bound, not its exponent
     * @return the distribution
     */
    static FloatRange logUniform(double min, double max) {
        return new FloatRange(min, max, true, OptionalDouble.empty());
    }

    /**
     * Returns the distribution of an integer, evenly between two bounds that are both included.
     *
     * @param min the lower bound
     * @param max the upper bound
     * @return the distribution
     */
    static IntRange ints(long min, long max) {
        return new IntRange(min, max, false, OptionalLong.empty());
    }

    /**
     * Returns the distribution of an integer, evenly over the logarithm between two bounds that are
     * both included.
     *
     * @param min the lower bound
     * @param max the upper bound
     * @return the distribution
     */
    static IntRange logInts(long min, long max) {
        return new IntRange(min, max, true, OptionalLong.empty());
    }

    /**
     * Returns the Gaussian distribution of a floating-point number.
     *
     * @param mu the mean
     * @param sigma the standard deviation
     * @return the distribution
     */
    static Normal normal(double mu, double sigma) {
        return new Normal(mu, sigma);
    }

    /**
     * Returns the distribution of a number whose natural logarithm has a Gaussian distribution.
     *
     * @param mu the mean of the logarithm
     * @param sigma the standard deviation of the logarithm
     * @return the distribution
     */
    static LogNormal logNormal(double mu, double sigma) {
        return new LogNormal(mu, sigma);
    }

    /**
     * Returns the beta distribution of a number from 0 to 1.
     *
     * @param a the first shape
     * @param b the second shape
     * @return the distribution
     */
    static Beta beta(double a, double b) {
        return new Beta(a, b);
    }

    /**
     * Returns another distribution, rounded to multiples of a step: floating-point numbers.
     *
     * @param inner the distribution to draw from
     * @param step the step
     * @return the distribution
     */
    static Rounded rounded(Continuous inner, double step) {
        return new Rounded(inner, Values.write(step, "the step"));
    }

    /**
     * Returns another distribution, rounded to multiples of a step: integers.
     *
     * @param inner the distribution to draw from
     * @param step the step
     * @return the distribution
     */
    static Rounded roundedInts(Continuous inner, long step) {
        return new Rounded(inner, Values.write(step, "the step"));
    }

    /**
     * Limits a parameter to runs in which another parameter has one of some values. Of several
     * conditions all must hold.
     *
     * @param parameter the name of the other parameter
     * @param values its values, as {@link Values#write} takes them
     * @return the distribution with the condition
     */
    default Conditional when(String parameter, Object... values) {
        String path = "the condition on " + parameter;
        List<ParameterCondition> conditions = new ArrayList<>();
        Distribution limited = this;
        if (this instanceof Conditional conditional) {
            conditions.addAll(conditional.conditions());
            limited = conditional.inner();
        }
        conditions.add(
                ParameterCondition.newBuilder()
                        .setParameter(parameter)
                        .addAllValues(Values.writeList(Arrays.asList(values), path))
                        .build());
        return new Conditional(limited, List.copyOf(conditions));
    }
}
