package dev.wanllmdb.testee;

import static dev.wanllmdb.Distribution.beta;
import static dev.wanllmdb.Distribution.choice;
import static dev.wanllmdb.Distribution.constant;
import static dev.wanllmdb.Distribution.ints;
import static dev.wanllmdb.Distribution.logInts;
import static dev.wanllmdb.Distribution.logNormal;
import static dev.wanllmdb.Distribution.logUniform;
import static dev.wanllmdb.Distribution.normal;
import static dev.wanllmdb.Distribution.rounded;
import static dev.wanllmdb.Distribution.roundedInts;
import static dev.wanllmdb.Distribution.uniform;

import dev.wanllmdb.Distribution;
import dev.wanllmdb.Hyperband;
import dev.wanllmdb.Metric;
import dev.wanllmdb.Spec;
import dev.wanllmdb.api.registry.v1.ArgsStyle;
import dev.wanllmdb.api.registry.v1.Impute;
import dev.wanllmdb.api.registry.v1.ObjectiveValue;
import java.util.List;
import java.util.Locale;

/** Builds sweeps by the builders of the client. */
final class Spaces {
    private Spaces() {}

    static Object build(Given given) {
        Metric[] metrics =
                given.objects("metrics").stream().map(Spaces::metric).toArray(Metric[]::new);
        Spec spec =
                switch (given.text("method")) {
                    case "grid" -> Spec.grid().optimize(metrics);
                    case "random" -> Spec.random().optimize(metrics);
                    default -> Spec.bayes(metrics);
                };
        Given parameters = given.object("parameters");
        for (String name : parameters.names()) {
            spec.param(name, distribution(parameters.object(name)));
        }
        given.texts("constraints").forEach(spec::constraint);
        addAlgorithms(spec, given);
        given.optionalWhole("run_cap").ifPresent(spec::runCap);
        given.optionalWhole("seed").ifPresent(spec::seed);
        given.optionalWhole("max_failed_runs").ifPresent(spec::maxFailedRuns);
        if (given.has("retries")) {
            Given retries = given.object("retries");
            spec.retries((int) retries.whole("lost"), (int) retries.whole("failed"));
        }
        if (given.has("program")) {
            spec.program(given.text("program"), given.texts("command").toArray(String[]::new));
        }
        if (given.has("args_style")) {
            spec.argsStyle(ArgsStyle.valueOf(constantOf("ARGS_STYLE", given, "args_style")));
        }
        return Vectors.encoded(spec.build());
    }

    private static void addAlgorithms(Spec spec, Given given) {
        if (given.has("sampler")) {
            Given sampler = given.object("sampler");
            spec.sampler(
                    sampler.text("name"), Described.nativesByName(sampler.object("options")));
        }
        if (given.has("terminator")) {
            Given terminator = given.object("terminator");
            spec.terminator(
                    terminator.text("name"),
                    Described.nativesByName(terminator.object("options")));
        }
        Given early = given.object("early_termination");
        if (early.has("pruner")) {
            Given pruner = early.object("pruner");
            spec.pruner(pruner.text("name"), Described.nativesByName(pruner.object("options")));
        } else if (early.has("hyperband")) {
            spec.hyperband(hyperband(early.object("hyperband")));
        }
    }

    private static Hyperband hyperband(Given given) {
        Hyperband rule =
                given.has("min_iter")
                        ? Hyperband.minIter(given.whole("min_iter"))
                        : Hyperband.maxIter(given.whole("max_iter"), (int) given.whole("s"));
        if (given.has("eta")) {
            rule = rule.eta(given.number("eta"));
        }
        return given.has("strict") ? rule.strict(given.truth("strict")) : rule;
    }

    private static Metric metric(Given given) {
        String name = given.text("name");
        Metric metric =
                given.text("goal").equals("maximize")
                        ? Metric.maximize(name)
                        : Metric.minimize(name);
        if (given.has("target")) {
            metric = metric.target(given.number("target"));
        }
        if (given.has("mean_over")) {
            metric = metric.meanOfLast((int) given.whole("mean_over"));
        }
        if (given.has("value")) {
            metric =
                    metric.value(
                            ObjectiveValue.valueOf(
                                    constantOf("OBJECTIVE_VALUE", given, "value")));
        }
        if (given.has("impute")) {
            metric =
                    metric.impute(
                            Impute.valueOf(constantOf("IMPUTE", given, "impute")),
                            Impute.valueOf(constantOf("IMPUTE", given, "impute_while_running")));
        }
        return metric;
    }

    private static String constantOf(String prefix, Given given, String field) {
        return prefix + "_" + given.text(field).toUpperCase(Locale.ROOT);
    }

    private static Distribution distribution(Given parameter) {
        String kind =
                parameter.names().stream()
                        .filter(name -> !name.equals("when"))
                        .findFirst()
                        .orElseThrow();
        Distribution found = unconditional(kind, parameter);
        Given when = parameter.object("when");
        for (String other : when.names()) {
            found = found.when(other, Described.natives(when.list(other)).toArray());
        }
        return found;
    }

    private static Distribution unconditional(String kind, Given parameter) {
        Given given = parameter.object(kind);
        switch (kind) {
            case "constant":
                return constant(Described.nativeValue(parameter.value(kind)));
            case "categorical":
                Distribution.Choice choice =
                        choice(Described.natives(given.list("values")).toArray());
                List<?> probabilities = given.list("probabilities");
                return probabilities.isEmpty()
                        ? choice
                        : choice.probabilities(
                                probabilities.stream().mapToDouble(Described::number).toArray());
            case "int_uniform":
                return stepped(ints(given.whole("min"), given.whole("max")), given);
            case "int_log_uniform":
                return stepped(logInts(given.whole("min"), given.whole("max")), given);
            case "quantized":
                Given inner = given.object("distribution");
                String innerKind = inner.names().get(0);
                var continuous = continuous(innerKind, inner.object(innerKind));
                Object step = Described.nativeValue(given.value("q"));
                return step instanceof Long whole
                        ? roundedInts(continuous, whole)
                        : rounded(continuous, (Double) step);
            default:
                return continuous(kind, given);
        }
    }

    private static Distribution stepped(Distribution.IntRange range, Given given) {
        return given.has("q") ? range.step(given.whole("q")) : range;
    }

    private static Distribution.Continuous continuous(String kind, Given given) {
        switch (kind) {
            case "normal":
                return normal(given.number("mu"), given.number("sigma"));
            case "log_normal":
                return logNormal(given.number("mu"), given.number("sigma"));
            case "beta":
                return beta(given.number("a"), given.number("b"));
            default:
                Distribution.FloatRange range =
                        kind.equals("uniform")
                                ? uniform(given.number("min"), given.number("max"))
                                : logUniform(given.number("min"), given.number("max"));
                return given.has("q") ? range.step(given.number("q")) : range;
        }
    }
}
