//! The commands that need no server.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use wanllmdb::api::registry::v1::{ParameterValue, Run};
use wanllmdb::{Assigned, Client, ClientBuilder, Code, ServiceError, Value, protocol};

use crate::described::{described, native};
use crate::{Answer, fields};

/// The variables that the client reads in place of the process's.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Environment(pub HashMap<String, String>);

impl Environment {
    pub fn builder(self) -> ClientBuilder {
        Client::builder().environment(move |name| self.0.get(name).cloned())
    }
}

#[derive(Deserialize)]
struct WithEnvironment {
    environment: Environment,
}

pub fn environment(given: &Json) -> Environment {
    fields::<WithEnvironment>(given).environment
}

/// Reads a message in its binary form, as base64.
fn decoded<M: Message + Default>(text: &Json) -> M {
    M::decode(bytes(text).as_slice()).expect("a message")
}

fn bytes(text: &Json) -> Vec<u8> {
    STANDARD
        .decode(text.as_str().expect("a text"))
        .expect("base64")
}

/// Returns a message for an answer.
pub fn encoded(message: &impl Message) -> Json {
    json!({"message": STANDARD.encode(message.encode_to_vec())})
}

pub fn read_value(given: &Json) -> Answer {
    let message: ParameterValue = decoded(&given["message"]);
    Ok(described(&Value::from_message(&message)?))
}

pub fn write_value(given: &Json) -> Answer {
    Ok(encoded(&native(&given["value"])?.to_message()?))
}

pub fn nest_parameters(given: &Json) -> Answer {
    let run: Run = decoded(&given["message"]);
    Ok(described(&Value::Map(wanllmdb::parameters(&run)?)))
}

pub fn heartbeat_pause(given: &Json) -> Answer {
    let lease = given["lease_seconds"].as_f64().expect("a number");
    Ok(protocol::heartbeat_pause(Duration::from_secs_f64(lease))
        .as_secs_f64()
        .into())
}

pub fn read_error(given: &Json) -> Answer {
    let code = code(given["code"].as_str().expect("a text"));
    let text = given["text"].as_str().expect("a text");
    let error = ServiceError::from_details(code, text, &bytes(&given["details"]));
    let paths = error
        .fields
        .iter()
        .map(|problem| [&problem.field, &problem.description]);
    let positions = error.fields.iter().map(|problem| problem.position);
    let has_positions = error
        .fields
        .iter()
        .any(|problem| problem.position.is_some());
    Ok(json!({
        "reason": error.reason,
        "metadata": error.metadata,
        "fields": paths.collect::<Vec<_>>(),
        "positions": positions.filter(|_| has_positions).collect::<Vec<_>>(),
        "retry_after": error.retry_after.map(|delay| delay.as_secs_f64()),
        "waits": error.may_pass(),
        "ends_run": error.ends_run(),
    }))
}

/// Returns the code of a name such as NOT_FOUND.
fn code(name: &str) -> Code {
    let words = |code: Code| format!("{code:?}").to_uppercase();
    let wanted = name.replace('_', "");
    (0..=16)
        .map(Code::from_i32)
        .find(|&code| words(code) == wanted)
        .expect("a status code")
}

pub fn choose_replica(given: &Json) -> Answer {
    let address = given["address"].as_str().expect("a text");
    let client = Environment::default()
        .builder()
        .suggestion(address)
        .connect()?;
    Ok(client
        .replica(given["sweep_id"].as_str().expect("a text"))
        .into())
}

pub fn find_run(given: &Json) -> Answer {
    let variables = environment(given);
    let found = Assigned::from_variables(move |name| variables.0.get(name).cloned())?;
    Ok(found.map_or(Json::Null, |run| {
        json!({
            "sweep_id": run.sweep_id,
            "number": run.number,
            "attempt": run.attempt,
            "resumed": run.resumed,
        })
    }))
}

pub fn configure(given: &Json) -> Answer {
    let client = environment(given).builder().connect()?;
    let settings = client.settings();
    let path = |path: &Option<PathBuf>| {
        path.as_deref()
            .map(Path::display)
            .map(|path| path.to_string())
    };
    let tls = settings.tls.as_ref().map(|tls| {
        json!({
            "ca": path(&tls.ca),
            "cert": path(&tls.cert),
            "key": path(&tls.key),
            "server_name": settings.registry.server_name,
        })
    });
    Ok(json!({
        "registry": settings.registry.replicas,
        "suggestion": settings.suggestion.replicas,
        "key": settings.api_key.as_ref().map(|key| key.reveal()),
        "tls": tls,
        "patience": settings.patience.as_secs_f64(),
        "first_patience": settings.first_patience.as_secs_f64(),
    }))
}
