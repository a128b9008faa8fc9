//! Sweeps that the client's builders make of descriptions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use wanllmdb::api::registry::v1::{ArgsStyle, Impute, ObjectiveValue};
use wanllmdb::{
    Continuous, Distribution, Error, Hyperband, Metric, Spec, Value, beta, choice, constant, int,
    log_int, log_normal, log_uniform, maximize, minimize, normal, rounded, rounded_int, uniform,
};

use crate::described::{native, natives, natives_by_name};
use crate::vectors::encoded;
use crate::{Answer, fields};

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct SweepDescription {
    method: String,
    metrics: Vec<MetricDescription>,
    parameters: BTreeMap<String, BTreeMap<String, Json>>,
    constraints: Vec<String>,
    sampler: Option<Choice>,
    terminator: Option<Choice>,
    early_termination: Option<EarlyTermination>,
    run_cap: Option<i64>,
    seed: Option<i64>,
    retries: Option<Retries>,
    max_failed_runs: Option<i64>,
    program: Option<String>,
    command: Vec<String>,
    args_style: Option<String>,
}

#[derive(Deserialize)]
struct MetricDescription {
    name: String,
    goal: Option<String>,
    value: Option<String>,
    impute: Option<String>,
    impute_while_running: Option<String>,
    target: Option<f64>,
    mean_over: Option<i32>,
}

#[derive(Deserialize)]
struct Choice {
    name: String,
    #[serde(default)]
    options: Json,
}

#[derive(Deserialize)]
struct EarlyTermination {
    hyperband: Option<Rule>,
    pruner: Option<Choice>,
}

#[derive(Deserialize)]
struct Rule {
    min_iter: Option<i64>,
    max_iter: Option<i64>,
    s: Option<i32>,
    eta: Option<f64>,
    strict: Option<bool>,
}

#[derive(Deserialize)]
struct Retries {
    lost: i32,
    failed: i32,
}

pub fn build_sweep(given: &Json) -> Answer {
    let asked: SweepDescription = fields(given);
    let mut spec = begun(&asked);
    for (name, parameter) in &asked.parameters {
        spec = spec.param(name, distribution(parameter)?);
    }
    for constraint in asked.constraints {
        spec = spec.constraint(constraint);
    }
    if let Some(Choice { name, options }) = asked.sampler {
        spec = spec.sampler(name, natives_by_name(&options)?);
    }
    if let Some(Choice { name, options }) = asked.terminator {
        spec = spec.terminator(name, natives_by_name(&options)?);
    }
    if let Some(EarlyTermination { hyperband, pruner }) = asked.early_termination {
        if let Some(Choice { name, options }) = pruner {
            spec = spec.pruner(name, natives_by_name(&options)?);
        }
        if let Some(rule) = hyperband {
            spec = spec.hyperband(rule.built());
        }
    }
    if let Some(runs) = asked.run_cap {
        spec = spec.run_cap(runs);
    }
    if let Some(seed) = asked.seed {
        spec = spec.seed(seed);
    }
    if let Some(Retries { lost, failed }) = asked.retries {
        spec = spec.retries(lost, failed);
    }
    if let Some(runs) = asked.max_failed_runs {
        spec = spec.max_failed_runs(runs);
    }
    if let Some(program) = asked.program {
        spec = spec.program(program);
    }
    if let Some(style) = asked.args_style {
        spec = spec.args_style(enum_of(ArgsStyle::from_str_name, "ARGS_STYLE", &style));
    }
    Ok(encoded(&spec.command(asked.command).build()?))
}

/// Returns the sweep of a method with its metrics.
fn begun(asked: &SweepDescription) -> Spec {
    let mut metrics = asked.metrics.iter().map(MetricDescription::built);
    let spec = match asked.method.as_str() {
        "grid" => Spec::grid(),
        "random" => Spec::random(),
        _ => Spec::bayes(metrics.next().expect("a metric")),
    };
    metrics.fold(spec, Spec::optimize)
}

impl MetricDescription {
    fn built(&self) -> Metric {
        let mut metric = match self.goal.as_deref() {
            Some("maximize") => maximize(&self.name),
            _ => minimize(&self.name),
        };
        if let Some(target) = self.target {
            metric = metric.target(target);
        }
        if let Some(value) = &self.value {
            let value = enum_of(ObjectiveValue::from_str_name, "OBJECTIVE_VALUE", value);
            metric = metric.value(value);
        }
        if let Some(values) = self.mean_over {
            metric = metric.mean_over(values);
        }
        let impute = |name: &str| enum_of(Impute::from_str_name, "IMPUTE", name);
        if let Some(name) = &self.impute {
            metric = metric.impute(impute(name));
        }
        if let Some(name) = &self.impute_while_running {
            metric = metric.impute_while_running(impute(name));
        }
        metric
    }
}

impl Rule {
    fn built(self) -> Hyperband {
        let mut rule = match self.max_iter {
            Some(max_iter) => Hyperband::up_to(max_iter, self.s.unwrap_or_default()),
            None => Hyperband::from_iteration(self.min_iter.unwrap_or_default()),
        };
        if let Some(eta) = self.eta {
            rule = rule.eta(eta);
        }
        if self.strict == Some(false) {
            rule.best_so_far()
        } else {
            rule
        }
    }
}

fn enum_of<E>(read: fn(&str) -> Option<E>, prefix: &str, name: &str) -> E {
    read(&format!("{prefix}_{}", name.to_uppercase())).expect("a name of the enum")
}

fn distribution(parameter: &BTreeMap<String, Json>) -> Result<Distribution, Error> {
    let (kind, given) = parameter
        .iter()
        .find(|(kind, _)| *kind != "when")
        .expect("a distribution");
    let mut found = unconditional(kind, given)?;
    if let Some(when) = parameter.get("when").and_then(Json::as_object) {
        for (other, values) in when {
            found = found.when(other, natives(values)?);
        }
    }
    Ok(found)
}

fn unconditional(kind: &str, given: &Json) -> Result<Distribution, Error> {
    Ok(match kind {
        "constant" => constant(native(given)?),
        "categorical" => {
            let probabilities: Option<Vec<f64>> = fields(&given["probabilities"]);
            choice(natives(&given["values"])?).probabilities(probabilities.unwrap_or_default())
        }
        "int_uniform" | "int_log_uniform" => {
            let bound = |name: &str| given[name].as_i64();
            let (min, max) = (bound("min").expect("min"), bound("max").expect("max"));
            let found = if kind == "int_uniform" {
                int(min, max)
            } else {
                log_int(min, max)
            };
            match bound("q") {
                Some(q) => found.step(q).into(),
                None => found.into(),
            }
        }
        "quantized" => {
            let inner = given["distribution"].as_object().expect("a distribution");
            let (kind, bounds) = inner.iter().next().expect("a distribution");
            let inner = continuous(kind, bounds);
            match native(&given["q"])? {
                Value::Int(step) => rounded_int(inner, step),
                Value::Float(step) => rounded(inner, step),
                other => panic!("no step: {other:?}"),
            }
        }
        kind => continuous(kind, given).into(),
    })
}

fn continuous(kind: &str, given: &Json) -> Continuous {
    let number = |name: &str| given[name].as_f64().unwrap_or_default();
    let found = match kind {
        "normal" => return normal(number("mu"), number("sigma")),
        "log_normal" => return log_normal(number("mu"), number("sigma")),
        "beta" => return beta(number("a"), number("b")),
        "uniform" => uniform(number("min"), number("max")),
        "log_uniform" => log_uniform(number("min"), number("max")),
        other => panic!("there is no distribution {other}"),
    };
    match given["q"].as_f64() {
        Some(q) => found.step(q).into(),
        None => found.into(),
    }
}
