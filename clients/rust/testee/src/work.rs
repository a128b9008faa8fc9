//! What the code of each run does.

use std::future::Future;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use wanllmdb::{Agent, BoxError, Client, Map, Run, Stopped};

use crate::described::number;

const PAUSE: Duration = Duration::from_millis(50);
/// How many values code that goes on logs at most.
const MOST_LOGGED: usize = 600;

/// What the code of each run does.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Work {
    pub work: String,
    sweep_id: String,
    count: Option<u64>,
    agent_id: Option<String>,
    resume: bool,
    values: Vec<Json>,
    names: Vec<String>,
    seconds: f64,
    goes_on: bool,
    fails: String,
    /// Whether a line says that the code has logged a value.
    #[serde(skip)]
    pub says_begun: bool,
    #[serde(skip)]
    pub seen: Arc<Mutex<Vec<Record>>>,
}

/// What the code of a run saw.
#[derive(Clone, Serialize)]
pub struct Record {
    parameters: Map,
    resumed: bool,
    logged: usize,
    stopped: bool,
}

pub type Ended = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

impl Work {
    pub fn agent(&self, client: &Client) -> Agent {
        let mut agent = client.agent(&self.sweep_id);
        if let Some(count) = self.count.filter(|&count| count > 0) {
            agent = agent.count(count);
        }
        if let Some(id) = self.agent_id.as_ref().filter(|id| !id.is_empty()) {
            agent = agent.name(id);
        }
        if self.resume { agent.resume() } else { agent }
    }

    /// Returns the code of the runs.
    pub fn train(self) -> impl Fn(Run) -> Ended + Send + Sync + 'static {
        let work = Arc::new(self);
        move |run| {
            let work = work.clone();
            Box::pin(async move { work.work_on(run).await })
        }
    }

    async fn work_on(&self, run: Run) -> Result<(), BoxError> {
        let index = {
            let mut seen = self.seen.lock().expect("no code panicked");
            let (parameters, resumed) = (run.parameters().clone(), run.resumed());
            seen.push(Record {
                parameters,
                resumed,
                logged: 0,
                stopped: false,
            });
            seen.len() - 1
        };
        if let Err(stopped) = self.log_all(&run, index).await {
            self.seen.lock().expect("no code panicked")[index].stopped = true;
            return Err(stopped.into());
        }
        if self.fails.is_empty() {
            Ok(())
        } else {
            Err(self.fails.clone().into())
        }
    }

    async fn log_all(&self, run: &Run, index: usize) -> Result<(), Stopped> {
        for value in &self.values {
            self.log(run, index, number(value)).await?;
        }
        // Until then the values can arrive before the end of the run.
        pause(run, Duration::from_secs_f64(self.seconds)).await?;
        let mut logged = self.values.len();
        while self.goes_on && logged < MOST_LOGGED {
            self.log(run, index, 1.0).await?;
            logged += 1;
            pause(run, PAUSE).await?;
        }
        Ok(())
    }

    async fn log(&self, run: &Run, index: usize, value: f64) -> Result<(), Stopped> {
        let names = self.names.iter().map(|name| (name.clone(), 0.5));
        run.log([("loss".to_owned(), value)].into_iter().chain(names))
            .await?;
        let mut seen = self.seen.lock().expect("no code panicked");
        seen[index].logged += 1;
        if seen[index].logged == 1 && self.says_begun {
            // An error: the command has read the first line, and reads no more.
            let _ = writeln!(io::stdout(), "begun");
        }
        Ok(())
    }
}

/// Waits, unless the run is to stop before.
async fn pause(run: &Run, pause: Duration) -> Result<(), Stopped> {
    tokio::select! {
        () = tokio::time::sleep(pause) => Ok(()),
        stopped = run.stopped() => Err(stopped),
    }
}
