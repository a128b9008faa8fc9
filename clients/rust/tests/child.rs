//! The program of a command agent, against services that accept everything.

mod support;

use support::{Fake, SWEEP_ID};
use wanllmdb::api::registry::v1::finish_run_request::Outcome;
use wanllmdb::{BoxError, Client, Error, Run, Stopped};

/// Returns a client in the process of a run.
fn client(address: &str, number: &'static str) -> Client {
    let variables = move |name: &str| match name {
        "WANLLMDB_SWEEP_ID" => Some(SWEEP_ID.to_owned()),
        "WANLLMDB_RUN_NUMBER" => Some(number.to_owned()),
        "WANLLMDB_RUN_ATTEMPT" => Some("1".to_owned()),
        _ => None,
    };
    let builder = Client::builder().environment(variables);
    builder
        .registry(address)
        .suggestion(address)
        .connect()
        .expect("a client")
}

async fn log_three(run: Run) -> Result<(), Stopped> {
    for step in 0..3 {
        run.log([("loss", f64::from(step))]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn values_arrive_and_the_agent_ends_the_run() {
    let (fake, address) = Fake::start(1, None).await;
    client(&address, "0")
        .child(log_three)
        .await
        .expect("a good end");
    let state = fake.state();
    assert_eq!(state.values[&0].len(), 3);
    assert!(state.ends.is_empty());
}

#[tokio::test]
async fn a_pruned_run_is_ended_and_is_no_error() {
    let (fake, address) = Fake::start(2, Some(1)).await;
    client(&address, "1")
        .child(log_three)
        .await
        .expect("a good end");
    let state = fake.state();
    assert!(matches!(state.ends[&1].outcome, Some(Outcome::Pruned(_))));
}

#[tokio::test]
async fn code_that_stops_by_itself_ends_the_run_as_canceled() {
    let (fake, address) = Fake::start(1, None).await;
    let stop = |_: Run| async { Err(Stopped::canceled("no such optimizer")) };
    client(&address, "0").child(stop).await.expect("a good end");
    let state = fake.state();
    let Some(Outcome::Canceled(canceled)) = &state.ends[&0].outcome else {
        panic!("not canceled")
    };
    assert_eq!(canceled.reason, "no such optimizer");
}

#[tokio::test]
async fn the_error_of_the_code_is_the_error_of_the_child() {
    let (fake, address) = Fake::start(1, None).await;
    let fail = |_: Run| async { Err::<(), BoxError>("diverged".into()) };
    let error = client(&address, "0")
        .child(fail)
        .await
        .expect_err("an error");
    assert!(
        matches!(&error, Error::Code(cause) if cause.to_string() == "diverged"),
        "{error}"
    );
    assert!(fake.state().ends.is_empty());
}

#[tokio::test]
async fn a_process_without_a_run_is_an_error() {
    let (_fake, address) = Fake::start(1, None).await;
    let error = Fake::client(&address)
        .child(log_three)
        .await
        .expect_err("no run");
    assert!(matches!(error, Error::NoRun(_)), "{error}");
}
