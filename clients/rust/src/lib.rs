//! The Rust client of wanllmdb sweeps: it creates and watches sweeps, and its agents work on their
//! runs.
//!
//! [`Client::from_env`] finds the services by the environment, as every client does. A sweep is
//! described by a [`Spec`], [`Client::create_sweep`] creates it, and the agents of
//! [`Client::agent`] call code for each of its runs; [`Client::child`] does so in the program of a
//! command agent. [`Client::watch`] follows a sweep. What a method does not offer is an RPC away:
//! [`Client::registry`] and its siblings have all of the [`api`], with deadlines, repetitions,
//! request ids and typed errors.
//!
//! ```no_run
//! use wanllmdb::{BoxError, Client, Run, Spec, log_uniform, minimize};
//!
//! async fn train(run: Run) -> Result<(), BoxError> {
//!     #[derive(serde::Deserialize)]
//!     struct Params {
//!         lr: f64,
//!     }
//!     let params: Params = run.decode()?;
//!     run.log([("loss", params.lr.log10().abs())]).await?;
//!     Ok(())
//! }
//!
//! # async fn example() -> Result<(), wanllmdb::Error> {
//! let client = Client::from_env()?;
//! let spec = Spec::bayes(minimize("loss")).param("lr", log_uniform(1e-4, 0.1)).run_cap(20);
//! let id = client.create_sweep(spec).await?;
//! client.agent(id).run(train).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Errors of services are [`Error::Service`], and [`Error::is`] compares them with a [`Reason`]:
//! `error.is(Reason::SweepNotFound)`.

mod address;
mod agent;
pub mod api;
mod background;
mod child;
mod client;
mod details;
mod error;
mod key;
mod pages;
mod peer;
pub mod protocol;
mod random;
mod run;
mod settings;
mod space;
mod spec;
mod sweeps;
mod tls;
mod value;
mod watch;

pub use address::Endpoint;
pub use agent::{Agent, AgentResult, Failures, Signal};
pub use api::registry::v1::ErrorReason as Reason;
pub use child::Assigned;
pub use client::{Client, ClientBuilder};
pub use error::{BoxError, Error, FieldProblem, ServiceError};
pub use key::Secret;
pub use pages::Pages;
pub use peer::Streaming;
pub use run::{Run, Stopped};
pub use settings::Settings;
pub use space::{
    Continuous, Distribution, FloatRange, IntRange, beta, choice, constant, int, log_int,
    log_normal, log_uniform, normal, rounded, rounded_int, uniform,
};
pub use spec::{Hyperband, Metric, Spec, maximize, minimize};
pub use sweeps::{Config, SweepSource};
pub use tls::Tls;
/// A status code of gRPC.
pub use tonic::Code;
pub use value::{Map, Value, decode, parameters};
pub use watch::{Watch, WatchSweeps};
