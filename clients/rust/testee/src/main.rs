//! Carries out what clients/conformance asks for: it reads one JSON command a line, and writes one
//! JSON answer a line. clients/conformance/README.md describes the commands.

mod described;
mod process;
mod services;
mod space;
mod vectors;
mod work;

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use wanllmdb::Error;

/// What not every language can do, and this one can.
const CAN: [&str; 3] = [
    "integers_of_64_bits",
    "integers_beyond_64_bits",
    "integers_in_json",
];

#[derive(Deserialize)]
struct Command {
    id: i64,
    operation: String,
    #[serde(default)]
    given: Json,
}

/// How a command fails.
enum Failure {
    Client(Error),
    Unsupported(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

type Answer = Result<Json, Failure>;

fn main() -> io::Result<()> {
    let runtime = Runtime::new()?;
    if std::env::args().nth(1).is_some() {
        std::process::exit(process::work_in_process(&runtime));
    }
    for line in io::stdin().lock().lines() {
        let command: Command = serde_json::from_str(&line?)?;
        let answered = catch_unwind(AssertUnwindSafe(|| answer(&runtime, &command)));
        let mut answer = answered.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            failed("crash", &text)
        });
        answer["id"] = command.id.into();
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{answer}")?;
        stdout.flush()?;
    }
    Ok(())
}

fn answer(runtime: &Runtime, command: &Command) -> Json {
    let given = &command.given;
    let answer = match command.operation.as_str() {
        "hello" => Ok(json!({"language": "rust", "can": CAN})),
        "agent.run" => runtime.block_on(services::run_agent(given)),
        "client.configure" => vectors::configure(given),
        "error.read" => vectors::read_error(given),
        "heartbeat.pause" => vectors::heartbeat_pause(given),
        "parameters.nest" => vectors::nest_parameters(given),
        "process.run" => process::run(given),
        "replica.choose" => vectors::choose_replica(given),
        "run.find" => vectors::find_run(given),
        "runs.list" => runtime.block_on(services::list_runs(given)),
        "sweep.build" => space::build_sweep(given),
        "sweep.create" => runtime.block_on(services::create_sweep(given)),
        "sweep.watch" => runtime.block_on(services::watch_sweep(given)),
        "value.read" => vectors::read_value(given),
        "value.write" => vectors::write_value(given),
        other => Err(Failure::Unsupported(format!("there is no {other}"))),
    };
    match answer {
        Ok(result) => json!({"result": result}),
        Err(Failure::Unsupported(text)) => failed("unsupported", &text),
        Err(Failure::Client(error)) => failed_by(&error),
    }
}

fn failed_by(error: &Error) -> Json {
    let text = error.to_string();
    if let (Some(service), false) = (error.service(), matches!(error, Error::GaveUp { .. })) {
        let mut answer = failed("service", &text);
        answer["error"]["reason"] = service.reason.clone().into();
        return answer;
    }
    let kind = match error {
        Error::GaveUp { .. } => "gave_up",
        Error::Invalid { .. } => "invalid",
        Error::NoRun(_) => "no_run",
        _ => "crash",
    };
    failed(kind, &text)
}

fn failed(kind: &str, message: &str) -> Json {
    json!({"error": {"kind": kind, "message": message}})
}

/// Reads what is given for a command.
fn fields<T: DeserializeOwned>(given: &Json) -> T {
    serde_json::from_value(given.clone()).expect("the fields of the command")
}
