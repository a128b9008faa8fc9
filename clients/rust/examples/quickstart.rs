//! Searches for a learning rate and a number of layers, with one agent.

use wanllmdb::{BoxError, Client, Hyperband, Run, Spec, int, log_uniform, minimize};

#[derive(serde::Deserialize)]
struct Params {
    lr: f64,
    layers: u32,
}

async fn train(run: Run) -> Result<(), BoxError> {
    let Params { lr, layers } = run.decode()?;
    for epoch in 1..=5 {
        let loss = (lr.log10() + 2.5).abs() + 0.1 * f64::from(layers) + 1.0 / f64::from(epoch);
        run.log([("loss", loss)]).await?; // early termination and cancels arrive here
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let client = Client::from_env()?; // WANLLMDB_REGISTRY and others, else services on localhost
    let spec = Spec::bayes(minimize("loss"))
        .param("lr", log_uniform(1e-4, 0.1))
        .param("layers", int(1, 4))
        .hyperband(Hyperband::from_iteration(2))
        .run_cap(20);
    let id = client.create_sweep(spec).await?;
    client.agent(&id).run(train).await?;
    let best = client.best_run(&id).await?.ok_or("no run has finished")?;
    println!(
        "best: run {} of sweep {id} with a loss of {:.3}",
        best.number.unwrap_or_default(),
        best.objective.unwrap_or_default()
    );
    Ok(())
}
