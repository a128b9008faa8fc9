//! Works on the runs of the sweep that its argument names.

use wanllmdb::{BoxError, Client, Run};

#[derive(serde::Deserialize)]
struct Params {
    lr: f64,
}

async fn train(run: Run) -> Result<(), BoxError> {
    let params: Params = run.decode()?;
    run.log([("loss", (params.lr.log10() + 2.5).abs())]).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let id = std::env::args().nth(1).ok_or("give the id of a sweep")?;
    Client::from_env()?.agent(&id).run(train).await?;
    Ok(())
}
