//! The commands that need services.

use serde_json::{Value as Json, json};
use wanllmdb::Config;

use crate::vectors::environment;
use crate::work::Work;
use crate::{Answer, fields};

fn text(given: &Json, name: &str) -> String {
    given[name].as_str().expect("a text").to_owned()
}

pub async fn create_sweep(given: &Json) -> Answer {
    let client = environment(given).builder().connect()?;
    let id = client.create_sweep(Config(text(given, "config"))).await?;
    Ok(json!({"sweep_id": id}))
}

pub async fn list_runs(given: &Json) -> Answer {
    let client = environment(given).builder().connect()?;
    let runs = client.runs(&text(given, "sweep_id")).collect().await?;
    Ok(runs.iter().map(|run| run.number).collect())
}

pub async fn watch_sweep(given: &Json) -> Answer {
    let client = environment(given).builder().connect()?;
    let mut changes = client.watch(&text(given, "sweep_id"));
    let mut revisions: Vec<i64> = Vec::new();
    while revisions.len() < given["changes"].as_u64().expect("a number") as usize {
        let Some(change) = changes.next().await else {
            break;
        };
        revisions.push(change?.revision);
    }
    Ok(revisions.into())
}

pub async fn run_agent(given: &Json) -> Answer {
    let client = environment(given).builder().connect()?;
    let work: Work = fields(given);
    let agent = work.agent(&client).without_signals();
    let seen = work.seen.clone();
    let result = agent.run(work.train()).await?;
    let seen = seen.lock().expect("no code panicked").clone();
    Ok(json!({"runs": result.runs, "failed": result.failed, "seen": seen}))
}
