//! Native values: what parameters, constants, choices and options have.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::api::registry::v1::parameter_value::Kind;
use crate::api::registry::v1::{ParameterValue, Run};

/// Values by name.
pub type Map = BTreeMap<String, Value>;

/// A native value. Integers stay integers, and 1.0 is a float.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number; only finite ones can be sent.
    Float(f64),
    /// A text.
    String(String),
    /// A list.
    List(Vec<Value>),
    /// Values by name.
    Map(Map),
}

/// Returns a `Vec` of [`Value`]s, which may have different types: `values![1, 0.5, "adam"]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { ::std::vec![$($crate::Value::from($value)),*] };
}

impl Value {
    /// Returns the message of the value.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names what can't be sent: NaN and infinities.
    pub fn to_message(&self) -> Result<ParameterValue, Error> {
        self.to_message_at("value")
    }

    pub(crate) fn to_message_at(&self, path: &str) -> Result<ParameterValue, Error> {
        self.check(path)?;
        let kind = match self {
            Self::Null => Kind::NullValue(0),
            Self::Bool(value) => Kind::BoolValue(*value),
            Self::Int(value) => Kind::IntValue(*value),
            Self::Float(value) => Kind::DoubleValue(*value),
            Self::String(value) => Kind::StringValue(value.clone()),
            Self::List(_) | Self::Map(_) => {
                // serde_json writes 1.0 with its point.
                let text = serde_json::to_string(self)
                    .map_err(|error| Error::invalid(path, format!("is no JSON: {error}")))?;
                Kind::JsonValue(text)
            }
        };
        Ok(ParameterValue { kind: Some(kind) })
    }

    /// Returns the value of a message.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if its JSON does not parse.
    pub fn from_message(message: &ParameterValue) -> Result<Self, Error> {
        Ok(match &message.kind {
            None | Some(Kind::NullValue(_)) => Self::Null,
            Some(Kind::BoolValue(value)) => Self::Bool(*value),
            Some(Kind::IntValue(value)) => Self::Int(*value),
            Some(Kind::DoubleValue(value)) => Self::Float(*value),
            Some(Kind::StringValue(value)) => Self::String(value.clone()),
            Some(Kind::JsonValue(text)) => serde_json::from_str(text).map_err(|error| {
                Error::invalid(format!("{text:?}"), format!("is no JSON: {error}"))
            })?,
        })
    }

    fn check(&self, path: &str) -> Result<(), Error> {
        match self {
            Self::Float(value) if !value.is_finite() => Err(Error::invalid(
                path,
                format!("is {value}: only finite numbers can be sent"),
            )),
            Self::List(items) => items
                .iter()
                .enumerate()
                .try_for_each(|(i, item)| item.check(&format!("{path}[{i}]"))),
            Self::Map(entries) => entries
                .iter()
                .try_for_each(|(name, value)| value.check(&format!("{path}.{name}"))),
            _ => Ok(()),
        }
    }
}

/// Returns the messages of values by name.
pub(crate) fn messages(
    values: &Map,
    path: &str,
) -> Result<BTreeMap<String, ParameterValue>, Error> {
    values
        .iter()
        .map(|(name, value)| {
            Ok((
                name.clone(),
                value.to_message_at(&format!("{path}.{name}"))?,
            ))
        })
        .collect()
}

/// Returns the messages of values in order.
pub(crate) fn list_of_messages(values: &[Value], path: &str) -> Result<Vec<ParameterValue>, Error> {
    values
        .iter()
        .enumerate()
        .map(|(i, value)| value.to_message_at(&format!("{path}[{i}]")))
        .collect()
}

/// Returns the parameters of a run by name as programs get them: the parameter `a/b` of a group is
/// `b` within the map `a`.
///
/// # Errors
///
/// [`Error::Invalid`] names a parameter that does not parse.
pub fn parameters(run: &Run) -> Result<Map, Error> {
    let mut nested = Map::new();
    for (name, message) in &run.parameters {
        let value = Value::from_message(message)?;
        let mut groups: Vec<&str> = name.split('/').collect();
        let last = groups.pop().unwrap_or_default();
        let mut inner = &mut nested;
        for group in groups {
            let below = inner.entry(group.to_owned()).or_default();
            if !matches!(below, Value::Map(_)) {
                *below = Value::Map(Map::new());
            }
            let Value::Map(map) = below else {
                unreachable!("it has just become a map")
            };
            inner = map;
        }
        inner.insert(last.to_owned(), value);
    }
    Ok(nested)
}

/// Returns parameters as a type of the program, for example a struct with `#[derive(Deserialize)]`.
///
/// # Errors
///
/// [`Error::Invalid`] says what does not fit.
pub fn decode<T: DeserializeOwned>(parameters: &Map) -> Result<T, Error> {
    let text = serde_json::to_value(parameters).and_then(serde_json::from_value::<T>);
    text.map_err(|error| {
        let given = serde_json::to_string(parameters).unwrap_or_default();
        let wanted = std::any::type_name::<T>();
        Error::invalid(
            "parameters",
            format!("{given} do not fit {wanted}: {error}"),
        )
    })
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::String(value) => serializer.serialize_str(value),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => serializer.collect_map(entries),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        // The services send no integer beyond 64 bits; one of another source becomes a float.
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, value)) = entries.next_entry()? {
            map.insert(name, value);
        }
        Ok(Value::Map(map))
    }
}

/// Conversions of types of Rust. Those of larger integers may fail: see below.
macro_rules! conversions {
    ($($kind:ty => $variant:ident),* $(,)?) => {
        $(impl From<$kind> for Value {
            fn from(value: $kind) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

conversions! {
    bool => Bool, i8 => Int, i16 => Int, i32 => Int, i64 => Int, u8 => Int, u16 => Int, u32 => Int,
    f32 => Float, f64 => Float, &str => String, String => String, Map => Map,
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Conversions of integers that may be too large.
macro_rules! fallible_conversions {
    ($($kind:ty),*) => {
        $(impl TryFrom<$kind> for Value {
            type Error = Error;

            /// Returns the integer; one that does not fit into 64 bits is [`Error::Invalid`].
            fn try_from(value: $kind) -> Result<Self, Error> {
                i64::try_from(value).map(Self::Int).map_err(|_| {
                    let problem = format!("is {value}, which does not fit into a signed integer of 64 bits");
                    Error::invalid("value", problem)
                })
            }
        })*
    };
}

fallible_conversions!(u64, i128, u128, usize, isize);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Params {
        lr: f64,
        layers: i64,
        momentum: Option<f64>,
        optimizer: Optimizer,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Optimizer {
        name: String,
        betas: Vec<f64>,
    }

    fn run(parameters: &[(&str, Value)]) -> Run {
        let parameters = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_message().expect("finite")))
            .collect();
        Run {
            parameters,
            ..Default::default()
        }
    }

    #[test]
    fn parameters_fit_a_struct_with_groups() {
        let run = run(&[
            ("lr", 1.0.into()),
            ("layers", 3.into()),
            ("optimizer/name", "adam".into()),
            ("optimizer/betas", vec![0.9, 1.0].into()),
        ]);
        let found: Params = decode(&parameters(&run).expect("values")).expect("they fit");
        let optimizer = Optimizer {
            name: "adam".to_owned(),
            betas: vec![0.9, 1.0],
        };
        assert_eq!(
            found,
            Params {
                lr: 1.0,
                layers: 3,
                momentum: None,
                optimizer
            }
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "it is never filled")]
        struct Layers {
            layers: i64,
        }
        let given = Map::from([("layers".to_owned(), 2.5.into())]);
        let text = decode::<Layers>(&given)
            .expect_err("no integer")
            .to_string();
        assert!(text.contains(r#"{"layers":2.5} do not fit"#), "{text}");
    }

    #[test]
    fn a_whole_float_stays_one_in_a_list() {
        let message = Value::from(values![1, 1.0]).to_message().expect("finite");
        assert_eq!(message.kind, Some(Kind::JsonValue("[1,1.0]".to_owned())));
    }

    #[test]
    fn integers_beyond_64_bits_are_rejected() {
        assert_eq!(Value::try_from(7_usize).expect("small"), Value::Int(7));
        let error = Value::try_from(u64::MAX)
            .expect_err("too large")
            .to_string();
        assert!(error.contains("18446744073709551615"), "{error}");
    }

    #[test]
    fn nan_is_rejected_with_its_path() {
        let error = Value::from(vec![0.5, f64::NAN])
            .to_message()
            .expect_err("not finite");
        assert_eq!(
            error.to_string(),
            "value[1] is NaN: only finite numbers can be sent"
        );
    }
}
