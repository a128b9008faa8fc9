//! The program of a command agent: `wanllmdb agent SWEEP -- target/debug/examples/child`.

use wanllmdb::{BoxError, Client, Run};

async fn train(run: Run) -> Result<(), BoxError> {
    #[derive(serde::Deserialize)]
    struct Params {
        lr: f64,
    }
    let params: Params = run.decode()?;
    for epoch in 1..=5 {
        run.log([("loss", params.lr.log10().abs() + 1.0 / f64::from(epoch))])
            .await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), wanllmdb::Error> {
    Client::from_env()?.child(train).await
}
