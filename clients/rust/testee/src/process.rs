//! Work in a process of its own.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;
use wanllmdb::{Client, Error};

use crate::Answer;
use crate::vectors::environment;
use crate::work::Work;

/// Does the work in a process of its own, and returns its exit code.
pub fn run(given: &Json) -> Answer {
    Ok(json!({"exit_code": exit_code_of(given).expect("a process")}))
}

fn exit_code_of(given: &Json) -> io::Result<Option<i32>> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("process")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WANLLMDB_")) {
        command.env_remove(name);
    }
    let mut process = command.envs(environment(given).0).spawn()?;
    if let Some(mut stdin) = process.stdin.take() {
        stdin.write_all(given.to_string().as_bytes())?;
    }
    // The process writes a line once its code has logged a value.
    let mut line = String::new();
    if let Some(stdout) = process.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let number = match given["signal"].as_str() {
        Some("SIGINT") => Some(libc::SIGINT),
        Some("SIGTERM") => Some(libc::SIGTERM),
        _ => None,
    };
    if let Some(number) = number {
        send_signal(process.id(), number)?;
    }
    Ok(process.wait()?.code())
}

#[allow(unsafe_code, reason = "the standard library sends no signals")]
fn send_signal(process: u32, number: i32) -> io::Result<()> {
    let process = i32::try_from(process).map_err(io::Error::other)?;
    // SAFETY: the process is a child that was not waited for, so its id is still its own.
    if unsafe { libc::kill(process, number) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Is the process: an agent, or the program of a command agent. It returns the exit code.
pub fn work_in_process(runtime: &Runtime) -> i32 {
    let mut work: Work = serde_json::from_reader(io::stdin()).expect("the work");
    work.says_begun = true;
    match runtime.block_on(worked(work)) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

async fn worked(work: Work) -> Result<(), Error> {
    let client = Client::from_env()?;
    if work.work == "agent" {
        return work.agent(&client).run(work.train()).await.map(drop);
    }
    client.child(work.train()).await
}
