//! Native values as JSON that says their types, since JSON alone loses 1.0.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use wanllmdb::{Error, Map, Value};

/// Returns the description of a native value.
pub fn described(value: &Value) -> Json {
    match value {
        Value::Null => json!({"type": "null"}),
        Value::Bool(value) => json!({"type": "bool", "value": value}),
        Value::Int(value) => json!({"type": "int", "value": value.to_string()}),
        Value::Float(value) => json!({"type": "float", "value": value}),
        Value::String(value) => json!({"type": "string", "value": value}),
        Value::List(items) => {
            json!({"type": "list", "items": items.iter().map(described).collect::<Vec<_>>()})
        }
        Value::Map(entries) => json!({"type": "map", "entries": described_by_name(entries)}),
    }
}

fn described_by_name(values: &Map) -> BTreeMap<&String, Json> {
    values
        .iter()
        .map(|(name, value)| (name, described(value)))
        .collect()
}

/// Returns the native value that a description stands for; an error if the client rejects it.
pub fn native(description: &Json) -> Result<Value, Error> {
    let value = &description["value"];
    Ok(match description["type"].as_str().expect("a type") {
        "null" => Value::Null,
        "bool" => value.as_bool().expect("a truth value").into(),
        "int" => {
            let number: i128 = value.as_str().expect("a text").parse().expect("an integer");
            Value::try_from(number)?
        }
        "float" => number(value).into(),
        "string" => value.as_str().expect("a text").into(),
        "list" => Value::List(natives(&description["items"])?),
        "map" => Value::Map(natives_by_name(&description["entries"])?),
        other => panic!("unknown type {other}"),
    })
}

/// Returns a number of JSON, or one that JSON lacks and that is a text.
pub fn number(value: &Json) -> f64 {
    match value {
        // Rust reads NaN, Infinity and -Infinity.
        Json::String(text) => text.parse().expect("a number"),
        value => value.as_f64().expect("a number"),
    }
}

pub fn natives(descriptions: &Json) -> Result<Vec<Value>, Error> {
    descriptions.as_array().map_or_else(
        || Ok(Vec::new()),
        |items| items.iter().map(native).collect(),
    )
}

pub fn natives_by_name(descriptions: &Json) -> Result<Map, Error> {
    let Some(entries) = descriptions.as_object() else {
        return Ok(Map::new());
    };
    entries
        .iter()
        .map(|(name, inner)| Ok((name.clone(), native(inner)?)))
        .collect()
}
