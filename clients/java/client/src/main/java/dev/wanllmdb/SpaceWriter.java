package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.BetaDistribution;
import dev.wanllmdb.api.registry.v1.CategoricalDistribution;
import dev.wanllmdb.api.registry.v1.ConstantDistribution;
import dev.wanllmdb.api.registry.v1.IntLogUniformDistribution;
import dev.wanllmdb.api.registry.v1.IntUniformDistribution;
import dev.wanllmdb.api.registry.v1.LogNormalDistribution;
import dev.wanllmdb.api.registry.v1.LogUniformDistribution;
import dev.wanllmdb.api.registry.v1.NormalDistribution;
import dev.wanllmdb.api.registry.v1.Parameter;
import dev.wanllmdb.api.registry.v1.ParameterValue;
import dev.wanllmdb.api.registry.v1.QuantizedDistribution;
import dev.wanllmdb.api.registry.v1.UniformDistribution;

/** Makes the messages of distributions. */
final class SpaceWriter {
    private SpaceWriter() {}

    /** Returns the message of a parameter. */
    static Parameter parameter(String name, Distribution distribution) {
        Parameter.Builder parameter = Parameter.newBuilder().setName(name);
        Distribution inner = distribution;
        if (distribution instanceof Distribution.Conditional conditional) {
            parameter.addAllConditions(conditional.conditions());
            inner = conditional.inner();
        }
        if (inner instanceof Distribution.Continuous continuous) {
            fill(parameter, continuous);
        } else {
            fill(parameter, inner);
        }
        return parameter.build();
    }

    private static void fill(Parameter.Builder parameter, Distribution distribution) {
        if (distribution instanceof Distribution.Constant constant) {
            parameter.setConstant(ConstantDistribution.newBuilder().setValue(constant.value()));
        } else if (distribution instanceof Distribution.Choice choice) {
            parameter.setCategorical(
                    CategoricalDistribution.newBuilder()
                            .addAllValues(choice.values())
                            .addAllProbabilities(choice.probabilities()));
        } else if (distribution instanceof Distribution.IntRange range && range.isLog()) {
            var message = IntLogUniformDistribution.newBuilder();
            message.setMin(range.min()).setMax(range.max());
            range.step().ifPresent(message::setQ);
            parameter.setIntLogUniform(message);
        } else if (distribution instanceof Distribution.IntRange range) {
            var message = IntUniformDistribution.newBuilder();
            message.setMin(range.min()).setMax(range.max());
            range.step().ifPresent(message::setQ);
            parameter.setIntUniform(message);
        } else if (distribution instanceof Distribution.Rounded rounded) {
            parameter.setQuantized(quantized(rounded));
        } else {
            throw new AssertionError(distribution);
        }
    }

    private static void fill(Parameter.Builder parameter, Distribution.Continuous distribution) {
        // A rounded distribution has the same fields, of the same messages.
        QuantizedDistribution inner = inner(distribution).build();
        switch (inner.getDistributionCase()) {
            case UNIFORM -> parameter.setUniform(inner.getUniform());
            case LOG_UNIFORM -> parameter.setLogUniform(inner.getLogUniform());
            case NORMAL -> parameter.setNormal(inner.getNormal());
            case LOG_NORMAL -> parameter.setLogNormal(inner.getLogNormal());
            case BETA -> parameter.setBeta(inner.getBeta());
            default -> throw new AssertionError(distribution);
        }
    }

    private static QuantizedDistribution quantized(Distribution.Rounded rounded) {
        QuantizedDistribution.Builder message = inner(rounded.inner());
        ParameterValue step = rounded.step();
        return step.hasIntValue()
                ? message.setIntQ(step.getIntValue()).build()
                : message.setQ(step.getDoubleValue()).build();
    }

    private static QuantizedDistribution.Builder inner(Distribution.Continuous distribution) {
        QuantizedDistribution.Builder message = QuantizedDistribution.newBuilder();
        if (distribution instanceof Distribution.FloatRange range && range.isLog()) {
            var inner = LogUniformDistribution.newBuilder();
            inner.setMin(range.min()).setMax(range.max());
            range.step().ifPresent(inner::setQ);
            return message.setLogUniform(inner);
        }
        if (distribution instanceof Distribution.FloatRange range) {
            var inner = UniformDistribution.newBuilder();
            inner.setMin(range.min()).setMax(range.max());
            range.step().ifPresent(inner::setQ);
            return message.setUniform(inner);
        }
        if (distribution instanceof Distribution.Normal normal) {
            return message.setNormal(
                    NormalDistribution.newBuilder().setMu(normal.mu()).setSigma(normal.sigma()));
        }
        if (distribution instanceof Distribution.LogNormal normal) {
            return message.setLogNormal(
                    LogNormalDistribution.newBuilder()
                            .setMu(normal.mu())
                            .setSigma(normal.sigma()));
        }
        Distribution.Beta beta = (Distribution.Beta) distribution;
        return message.setBeta(BetaDistribution.newBuilder().setA(beta.a()).setB(beta.b()));
    }
}
