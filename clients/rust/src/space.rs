//! Search spaces: the values that parameters may have.

use crate::api::registry::v1::parameter::Distribution as Message;
use crate::api::registry::v1::quantized_distribution as quantized;
use crate::api::registry::v1::{
    BetaDistribution, CategoricalDistribution, ConstantDistribution, IntLogUniformDistribution,
    IntUniformDistribution, LogNormalDistribution, LogUniformDistribution, NormalDistribution,
    Parameter, ParameterCondition, QuantizedDistribution, UniformDistribution,
};
use crate::value::list_of_messages;
use crate::{Error, Value};

/// The values that a parameter may have, and how likely each is.
#[derive(Clone, Debug)]
pub struct Distribution {
    kind: Kind,
    conditions: Vec<(String, Vec<Value>)>,
}

#[derive(Clone, Debug)]
enum Kind {
    Constant(Value),
    Choice(Vec<Value>, Vec<f64>),
    Message(Message),
}

impl Distribution {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            conditions: Vec::new(),
        }
    }

    /// Sets how likely each value of a [`choice`] is under random search; the sum is 1. Other
    /// distributions have no probabilities.
    #[must_use]
    pub fn probabilities(mut self, probabilities: impl IntoIterator<Item = f64>) -> Self {
        if let Kind::Choice(_, found) = &mut self.kind {
            *found = probabilities.into_iter().collect();
        }
        self
    }

    /// Limits the parameter to runs in which another parameter has one of some values. Several
    /// conditions must all hold.
    #[must_use]
    pub fn when<V: Into<Value>>(
        mut self,
        parameter: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.conditions.push((parameter.into(), values));
        self
    }

    /// Returns the message of a parameter with this distribution.
    pub(crate) fn parameter(&self, name: &str) -> Result<Parameter, Error> {
        let distribution = match &self.kind {
            Kind::Constant(value) => Message::Constant(ConstantDistribution {
                value: Some(value.to_message_at(name)?),
            }),
            Kind::Choice(values, probabilities) => Message::Categorical(CategoricalDistribution {
                values: list_of_messages(values, name)?,
                probabilities: probabilities.clone(),
            }),
            Kind::Message(message) => message.clone(),
        };
        let conditions = self.conditions.iter().map(|(parameter, values)| {
            let values = list_of_messages(values, &format!("the condition of {name}"))?;
            Ok(ParameterCondition {
                parameter: parameter.clone(),
                values,
            })
        });
        Ok(Parameter {
            name: name.to_owned(),
            distribution: Some(distribution),
            conditions: conditions.collect::<Result<_, Error>>()?,
        })
    }
}

/// Returns always the same value, which every run gets and no sampler searches.
pub fn constant(value: impl Into<Value>) -> Distribution {
    Distribution::new(Kind::Constant(value.into()))
}

/// Returns one of some values. Those of different types are written with [`values!`](crate::values).
pub fn choice<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Distribution {
    let values = values.into_iter().map(Into::into).collect();
    Distribution::new(Kind::Choice(values, Vec::new()))
}

/// Returns a floating-point number, evenly between two bounds.
#[must_use]
pub fn uniform(min: f64, max: f64) -> FloatRange {
    FloatRange {
        min,
        max,
        q: None,
        is_log: false,
    }
}

/// Returns a floating-point number, evenly over the logarithm. The bounds are values, not exponents.
#[must_use]
pub fn log_uniform(min: f64, max: f64) -> FloatRange {
    FloatRange {
        min,
        max,
        q: None,
        is_log: true,
    }
}

/// Returns an integer, evenly between two bounds that are both included.
#[must_use]
pub fn int(min: i64, max: i64) -> IntRange {
    IntRange {
        min,
        max,
        q: None,
        is_log: false,
    }
}

/// Returns an integer, evenly over the logarithm between two bounds that are both included.
#[must_use]
pub fn log_int(min: i64, max: i64) -> IntRange {
    IntRange {
        min,
        max,
        q: None,
        is_log: true,
    }
}

/// Returns a floating-point number with a Gaussian distribution.
#[must_use]
pub fn normal(mu: f64, sigma: f64) -> Continuous {
    Continuous(quantized::Distribution::Normal(NormalDistribution {
        mu,
        sigma,
    }))
}

/// Returns a positive number whose natural logarithm has a Gaussian distribution.
#[must_use]
pub fn log_normal(mu: f64, sigma: f64) -> Continuous {
    Continuous(quantized::Distribution::LogNormal(LogNormalDistribution {
        mu,
        sigma,
    }))
}

/// Returns a number from 0 to 1 with a beta distribution.
#[must_use]
pub fn beta(a: f64, b: f64) -> Continuous {
    Continuous(quantized::Distribution::Beta(BetaDistribution { a, b }))
}

/// Returns values of another distribution, rounded to multiples of a step; they are floating-point
/// numbers.
pub fn rounded(inner: impl Into<Continuous>, step: f64) -> Distribution {
    quantize(inner.into(), quantized::Step::Q(step))
}

/// Returns values of another distribution, rounded to multiples of a step; they are integers.
pub fn rounded_int(inner: impl Into<Continuous>, step: i64) -> Distribution {
    quantize(inner.into(), quantized::Step::IntQ(step))
}

fn quantize(inner: Continuous, step: quantized::Step) -> Distribution {
    let message = QuantizedDistribution {
        distribution: Some(inner.0),
        step: Some(step),
    };
    Distribution::new(Kind::Message(Message::Quantized(message)))
}

/// A distribution of floating-point numbers, which [`rounded`] takes.
#[derive(Clone, Debug)]
pub struct Continuous(quantized::Distribution);

/// What [`uniform`] and [`log_uniform`] return.
#[derive(Clone, Copy, Debug)]
pub struct FloatRange {
    min: f64,
    max: f64,
    q: Option<f64>,
    is_log: bool,
}

impl FloatRange {
    /// Limits the values to the lower bound plus multiples of a step.
    #[must_use]
    pub fn step(mut self, step: f64) -> Self {
        self.q = Some(step);
        self
    }
}

/// What [`int`] and [`log_int`] return.
#[derive(Clone, Copy, Debug)]
pub struct IntRange {
    min: i64,
    max: i64,
    q: Option<i64>,
    is_log: bool,
}

impl IntRange {
    /// Limits the values to the lower bound plus multiples of a step.
    #[must_use]
    pub fn step(mut self, step: i64) -> Self {
        self.q = Some(step);
        self
    }
}

impl From<FloatRange> for Continuous {
    fn from(range: FloatRange) -> Self {
        let FloatRange {
            min,
            max,
            q,
            is_log,
        } = range;
        Self(if is_log {
            quantized::Distribution::LogUniform(LogUniformDistribution { min, max, q })
        } else {
            quantized::Distribution::Uniform(UniformDistribution { min, max, q })
        })
    }
}

impl From<Continuous> for Distribution {
    fn from(continuous: Continuous) -> Self {
        Self::new(Kind::Message(match continuous.0 {
            quantized::Distribution::Uniform(found) => Message::Uniform(found),
            quantized::Distribution::LogUniform(found) => Message::LogUniform(found),
            quantized::Distribution::Normal(found) => Message::Normal(found),
            quantized::Distribution::LogNormal(found) => Message::LogNormal(found),
            quantized::Distribution::Beta(found) => Message::Beta(found),
        }))
    }
}

impl From<FloatRange> for Distribution {
    fn from(range: FloatRange) -> Self {
        Continuous::from(range).into()
    }
}

impl From<IntRange> for Distribution {
    fn from(range: IntRange) -> Self {
        let IntRange {
            min,
            max,
            q,
            is_log,
        } = range;
        Self::new(Kind::Message(if is_log {
            Message::IntLogUniform(IntLogUniformDistribution { min, max, q })
        } else {
            Message::IntUniform(IntUniformDistribution { min, max, q })
        }))
    }
}

/// What every distribution can do.
macro_rules! conditional {
    ($($kind:ty),*) => {
        $(impl $kind {
            /// Limits the parameter to runs in which another parameter has one of some values; see
            /// [`Distribution::when`].
            #[must_use]
            pub fn when<V: Into<Value>>(
                self,
                parameter: impl Into<String>,
                values: impl IntoIterator<Item = V>,
            ) -> Distribution {
                Distribution::from(self).when(parameter, values)
            }
        })*
    };
}

conditional!(Continuous, FloatRange, IntRange);
