//! Descriptions of sweeps.

use crate::api::registry::v1::{
    AlgorithmChoice, ArgsStyle, CreateSweepRequest, EarlyTermination, Goal, Hyperband as Rule,
    Impute, Method, Metric as MetricMessage, ObjectiveValue, PriorRunSource, RetryPolicy,
    SearchSpace, SweepSpec, create_sweep_request, early_termination,
};
use crate::value::messages;
use crate::{Distribution, Error, Map, Value};

/// Describes a sweep: its search space, metrics and algorithms.
///
/// [`Spec::random`], [`Spec::grid`] and [`Spec::bayes`] make one, and its methods change it:
///
/// ```
/// use wanllmdb::{Hyperband, Spec, int, log_uniform, minimize};
///
/// let spec = Spec::bayes(minimize("loss"))
///     .param("lr", log_uniform(1e-4, 0.1))
///     .param("layers", int(1, 4))
///     .hyperband(Hyperband::from_iteration(2))
///     .run_cap(50);
/// assert_eq!(spec.build()?.run_cap, Some(50));
/// # Ok::<(), wanllmdb::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a sweep is created by Client::create_sweep"]
pub struct Spec {
    spec: SweepSpec,
    parameters: Vec<(String, Distribution)>,
    sampler: Option<Algorithm>,
    terminator: Option<Algorithm>,
    pruner: Option<Algorithm>,
    project: String,
    name: String,
    description: String,
    prior_runs: Option<PriorRunSource>,
}

/// An algorithm, with its options by name.
type Algorithm = (String, Map);

/// Returns a metric of which smaller values are better.
pub fn minimize(name: impl Into<String>) -> Metric {
    Metric::new(name, Goal::Minimize)
}

/// Returns a metric of which larger values are better.
pub fn maximize(name: impl Into<String>) -> Metric {
    Metric::new(name, Goal::Maximize)
}

/// A metric that a sweep optimizes; [`minimize`] and [`maximize`] make one.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric(MetricMessage);

impl Metric {
    fn new(name: impl Into<String>, goal: Goal) -> Self {
        Self(MetricMessage {
            name: name.into(),
            goal: goal.into(),
            ..Default::default()
        })
    }

    /// Sets the value that finishes the sweep when a run reaches it.
    #[must_use]
    pub fn target(mut self, target: f64) -> Self {
        self.0.target = Some(target);
        self
    }

    /// Sets which logged value counts: the last one if not set.
    #[must_use]
    pub fn value(mut self, value: ObjectiveValue) -> Self {
        self.0.value = value.into();
        self
    }

    /// Sets how many values count, if their mean does.
    #[must_use]
    pub fn mean_over(mut self, values: i32) -> Self {
        self.0.mean_over = values;
        self
    }

    /// Sets what an ended run without an objective counts as for the sampler.
    #[must_use]
    pub fn impute(mut self, impute: Impute) -> Self {
        self.0.impute = impute.into();
        self
    }

    /// Sets what a running run counts as for the sampler.
    #[must_use]
    pub fn impute_while_running(mut self, impute: Impute) -> Self {
        self.0.impute_while_running = impute.into();
        self
    }
}

/// The rule of W&B's sweeps by which bad runs are stopped.
#[derive(Clone, Debug)]
pub struct Hyperband(Rule);

impl Hyperband {
    /// Returns the rule whose first rung is at this iteration.
    #[must_use]
    pub fn from_iteration(min_iter: i64) -> Self {
        Self(Rule {
            min_iter,
            strict: Some(true),
            ..Default::default()
        })
    }

    /// Returns the rule for full runs of this many iterations, with this many rungs before that.
    #[must_use]
    pub fn up_to(max_iter: i64, rungs: i32) -> Self {
        Self(Rule {
            max_iter,
            s: rungs,
            strict: Some(true),
            ..Default::default()
        })
    }

    /// Sets the factor from one rung to the next, which is 3 if not set.
    #[must_use]
    pub fn eta(mut self, eta: f64) -> Self {
        self.0.eta = eta;
        self
    }

    /// Compares a run's best value so far, and not the one at the rung.
    #[must_use]
    pub fn best_so_far(mut self) -> Self {
        self.0.strict = Some(false);
        self
    }
}

impl Spec {
    fn new(method: Method) -> Self {
        Self {
            spec: SweepSpec {
                method: method.into(),
                ..Default::default()
            },
            parameters: Vec::new(),
            sampler: None,
            terminator: None,
            pruner: None,
            project: String::new(),
            name: String::new(),
            description: String::new(),
            prior_runs: None,
        }
    }

    /// Chooses parameters independently of results.
    pub fn random() -> Self {
        Self::new(Method::Random)
    }

    /// Tries every point of the space once.
    pub fn grid() -> Self {
        Self::new(Method::Grid)
    }

    /// Learns from results, and so needs a metric; [`Spec::optimize`] adds further ones.
    pub fn bayes(metric: Metric) -> Self {
        Self::new(Method::Bayes).optimize(metric)
    }

    /// Adds a metric.
    pub fn optimize(mut self, metric: Metric) -> Self {
        self.spec.metrics.push(metric.0);
        self
    }

    /// Adds a parameter. In a group, its name begins with the group's: `optimizer/lr`.
    pub fn param(mut self, name: impl Into<String>, distribution: impl Into<Distribution>) -> Self {
        self.parameters.push((name.into(), distribution.into()));
        self
    }

    /// Adds an expression that every proposed point meets: `warmup < epochs`.
    pub fn constraint(mut self, expression: impl Into<String>) -> Self {
        let space = self.spec.search_space.get_or_insert_default();
        space.constraints.push(expression.into());
        self
    }

    /// Sets the algorithm that chooses parameters, in place of the method's default.
    pub fn sampler<N: Into<String>, V: Into<Value>>(
        mut self,
        name: impl Into<String>,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.sampler = Some(algorithm(name, options));
        self
    }

    /// Sets the rule that finishes the sweep when going on is not worth it.
    pub fn terminator<N: Into<String>, V: Into<Value>>(
        mut self,
        name: impl Into<String>,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.terminator = Some(algorithm(name, options));
        self
    }

    /// Stops bad runs by one of Optuna's pruners.
    pub fn pruner<N: Into<String>, V: Into<Value>>(
        mut self,
        name: impl Into<String>,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.pruner = Some(algorithm(name, options));
        self
    }

    /// Stops bad runs by the rule of W&B's sweeps.
    pub fn hyperband(mut self, rule: Hyperband) -> Self {
        self.pruner = None;
        let rule = Some(early_termination::Rule::Hyperband(rule.0));
        self.spec.early_termination = Some(EarlyTermination { rule });
        self
    }

    /// Limits the number of runs.
    pub fn run_cap(mut self, runs: i64) -> Self {
        self.spec.run_cap = Some(runs);
        self
    }

    /// Makes the sequence of proposals repeatable.
    pub fn seed(mut self, seed: i64) -> Self {
        self.spec.seed = Some(seed);
        self
    }

    /// Sets how often a run that was lost, or that failed, is queued again.
    pub fn retries(mut self, lost: i32, failed: i32) -> Self {
        self.spec.retries = Some(RetryPolicy {
            lost: Some(lost),
            failed: Some(failed),
        });
        self
    }

    /// Sets the number of failed runs that makes the sweep fail.
    pub fn max_failed_runs(mut self, runs: i64) -> Self {
        self.spec.max_failed_runs = Some(runs);
        self
    }

    /// Sets what command agents run.
    pub fn program(mut self, program: impl Into<String>) -> Self {
        self.spec.program = program.into();
        self
    }

    /// Sets the command line by which command agents run the program.
    pub fn command<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.spec.command = words.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how command agents write parameters on the command line.
    pub fn args_style(mut self, style: ArgsStyle) -> Self {
        self.spec.args_style = style.into();
        self
    }

    /// Sets the sweep's name for people.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the sweep's description.
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets the project, which is created if it is new.
    pub fn in_project(mut self, project: impl Into<String>) -> Self {
        self.project = project.into();
        self
    }

    /// Sets results to begin with, for example those of another sweep.
    pub fn prior_runs(mut self, source: PriorRunSource) -> Self {
        self.prior_runs = Some(source);
        self
    }

    /// Returns the message that describes the sweep, with its parameters ordered by name.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names a value that can't be sent.
    pub fn build(&self) -> Result<SweepSpec, Error> {
        let mut spec = self.spec.clone();
        let space: &mut SearchSpace = spec.search_space.get_or_insert_default();
        for (name, distribution) in &self.parameters {
            space.parameters.push(distribution.parameter(name)?);
        }
        space.parameters.sort_by(|a, b| a.name.cmp(&b.name));
        spec.sampler = self.sampler.as_ref().map(chosen).transpose()?;
        spec.terminator = self.terminator.as_ref().map(chosen).transpose()?;
        if let Some(pruner) = &self.pruner {
            let rule = Some(early_termination::Rule::Pruner(chosen(pruner)?));
            spec.early_termination = Some(EarlyTermination { rule });
        }
        Ok(spec)
    }

    pub(crate) fn create_request(self) -> Result<CreateSweepRequest, Error> {
        let source = Some(create_sweep_request::Source::Spec(self.build()?));
        Ok(CreateSweepRequest {
            project: self.project,
            name: self.name,
            description: self.description,
            prior_run_source: self.prior_runs,
            source,
            ..Default::default()
        })
    }
}

fn algorithm<N: Into<String>, V: Into<Value>>(
    name: impl Into<String>,
    options: impl IntoIterator<Item = (N, V)>,
) -> Algorithm {
    let options = options
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    (name.into(), options)
}

fn chosen((name, options): &Algorithm) -> Result<AlgorithmChoice, Error> {
    Ok(AlgorithmChoice {
        name: name.clone(),
        options: messages(options, name)?,
    })
}
