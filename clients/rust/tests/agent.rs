//! Agents against services that accept everything.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::{Fake, SWEEP_ID};
use tokio::sync::Notify;
use wanllmdb::api::registry::v1::finish_run_request::Outcome;
use wanllmdb::{BoxError, Error, Failures, Run, Stopped};

async fn log_five(run: Run) -> Result<(), Stopped> {
    for step in 0..5 {
        run.log([("loss", f64::from(step))]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn runs_are_worked_on_and_their_values_arrive() {
    let (fake, address) = Fake::start(3, None).await;
    let result = Fake::client(&address)
        .agent(SWEEP_ID)
        .run(log_five)
        .await
        .expect("a good end");
    assert_eq!((result.runs, result.failed), (3, 0));
    assert_eq!(
        result.ended_by,
        "the sweep has no more runs: its run_cap was reached"
    );
    let state = fake.state();
    for number in 0..3 {
        let values: Vec<_> = state.values[&number].values().copied().collect();
        assert_eq!(values, [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert!(matches!(
            state.ends[&number].outcome,
            Some(Outcome::Succeeded(_))
        ));
    }
}

#[tokio::test]
async fn early_termination_stops_the_code_at_the_value_that_decides() {
    let (fake, address) = Fake::start(2, Some(1)).await;
    Fake::client(&address)
        .agent(SWEEP_ID)
        .run(log_five)
        .await
        .expect("a good end");
    let state = fake.state();
    assert_eq!((state.values[&0].len(), state.values[&1].len()), (5, 2));
    let Some(Outcome::Pruned(pruned)) = &state.ends[&1].outcome else {
        panic!("not pruned")
    };
    assert_eq!(pruned.reason, "others are better");
}

#[tokio::test]
async fn several_runs_are_worked_on_at_a_time() {
    let (fake, address) = Fake::start(4, None).await;
    let both = Arc::new(tokio::sync::Barrier::new(2));
    let train = move |_: Run| {
        let both = both.clone();
        async move {
            both.wait().await;
            Ok::<_, BoxError>(())
        }
    };
    let agent = Fake::client(&address).agent(SWEEP_ID).parallel(2);
    assert_eq!(agent.run(train).await.expect("a good end").runs, 4);
    assert_eq!(fake.state().ends.len(), 4);
}

#[tokio::test]
async fn panics_and_errors_fail_runs_until_the_agent_gives_up() {
    let (fake, address) = Fake::start(9, None).await;
    let limits = Failures {
        max_quick: 0,
        max_initial: 2,
        ..Failures::default()
    };
    let agent = Fake::client(&address).agent(SWEEP_ID).failures(limits);
    let train = |run: Run| async move {
        assert!(run.number() > 0, "no run 0, please");
        Err::<(), BoxError>("diverged".into())
    };
    let error = agent.run(train).await.expect_err("too many failures");
    assert!(matches!(error, Error::GaveUp { .. }), "{error}");
    let state = fake.state();
    let messages = state.ends.values().map(|end| match &end.outcome {
        Some(Outcome::Failed(failed)) => failed.error.clone().unwrap_or_default().message,
        other => panic!("not failed: {other:?}"),
    });
    let messages: Vec<_> = messages.collect();
    assert_eq!(messages, ["panic: no run 0, please", "diverged"]);
}

#[tokio::test]
async fn blocking_code_logs_from_threads_of_its_own() {
    let (fake, address) = Fake::start(2, None).await;
    let train = |run: Run| run.log_blocking([("loss", 0.5)]);
    let agent = Fake::client(&address).agent(SWEEP_ID);
    assert_eq!(agent.run_blocking(train).await.expect("a good end").runs, 2);
    assert_eq!(fake.state().values[&1][&0], 0.5);
}

/// Returns code that says that it has begun, and goes on until it is stopped.
fn endless(begun: &Arc<Notify>) -> impl Fn(Run) -> Endless + Send + Sync + 'static {
    let begun = begun.clone();
    move |run| {
        let begun = begun.clone();
        Box::pin(async move {
            begun.notify_one();
            Err(run.stopped().await)
        })
    }
}

type Endless = std::pin::Pin<Box<dyn Future<Output = Result<(), Stopped>> + Send>>;

#[tokio::test]
async fn a_canceled_agent_gives_its_run_back() {
    let (fake, address) = Fake::start(2, None).await;
    let begun = Arc::new(Notify::new());
    let canceled = begun.clone();
    let agent = Fake::client(&address).agent(SWEEP_ID);
    let agent = agent.cancel_on(async move { canceled.notified().await });
    let result = agent.run(endless(&begun)).await.expect("a good end");
    assert_eq!(
        (result.runs, result.ended_by.as_str()),
        (0, "it was canceled")
    );
    assert_eq!(fake.state().released, [0]);
}

#[tokio::test]
async fn a_dropped_agent_gives_its_run_back() {
    let (fake, address) = Fake::start(2, None).await;
    let begun = Arc::new(Notify::new());
    let client = Fake::client(&address);
    let agent = client.agent(SWEEP_ID).run(endless(&begun));
    tokio::select! {
        _ = agent => panic!("the code is endless"),
        () = begun.notified() => {}
    }
    let release = fake.state().release.clone();
    release.notified().await;
    assert_eq!(fake.state().released, [0]);
}

#[tokio::test]
async fn a_run_has_a_name_labels_a_config_and_a_summary() {
    let (fake, address) = Fake::start(1, None).await;
    let train = |run: Run| async move {
        run.set_name("first").await?;
        run.add_labels([("kind", "test")]).await?;
        run.set_config("batch", 32)?;
        run.log([("loss", 0.5)]).await?;
        run.set_summary([("loss", 0.25)]);
        let rejected = run.set_config("nan", f64::NAN);
        assert!(matches!(rejected, Err(Error::Invalid { .. })));
        Ok::<_, BoxError>(())
    };
    Fake::client(&address)
        .agent(SWEEP_ID)
        .run(train)
        .await
        .expect("a good end");
    let state = fake.state();
    let run = state
        .updates
        .last()
        .and_then(|update| update.run.clone())
        .expect("an update");
    assert_eq!(
        (run.name.as_str(), run.labels["kind"].as_str()),
        ("first", "test")
    );
    assert!(state.ends[&0].config.contains_key("batch"));
    assert!(state.ends[&0].rows.iter().any(|row| row.is_summary));
}

#[tokio::test]
async fn a_count_limits_the_runs() {
    let (_fake, address) = Fake::start(5, None).await;
    let worked = Arc::new(AtomicUsize::new(0));
    let counted = worked.clone();
    let train = move |_: Run| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok::<_, BoxError>(()) }
    };
    let agent = Fake::client(&address).agent(SWEEP_ID).count(2);
    assert_eq!(agent.run(train).await.expect("a good end").runs, 2);
    assert_eq!(worked.load(Ordering::Relaxed), 2);
}
