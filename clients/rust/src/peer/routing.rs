//! The replica to which the calls of a sweep go first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::address::Endpoint;
use crate::protocol;

/// Chooses replicas: all clients choose the same one for a sweep, since two replicas that propose
/// runs for one sweep conflict.
#[derive(Debug, Default)]
pub(super) struct Routing {
    replicas: Vec<String>,
    away_until: Mutex<HashMap<String, Instant>>,
}

impl Routing {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        let mut replicas = endpoint.replicas.clone();
        replicas.sort();
        replicas.dedup();
        if endpoint.is_target || replicas.len() < 2 {
            replicas.clear();
        }
        Self {
            replicas,
            away_until: Mutex::default(),
        }
    }

    /// Returns the replica of a sweep; none for any.
    pub(super) fn replica_of(&self, sweep_id: &str) -> Option<&str> {
        if sweep_id.is_empty() {
            return None;
        }
        let chosen = self
            .replicas
            .iter()
            .max_by_key(|replica| weight(replica, sweep_id))?;
        let away_until = self
            .away_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_away = away_until
            .get(chosen)
            .is_some_and(|&until| Instant::now() < until);
        (!is_away).then_some(chosen)
    }

    /// Records that a replica did not answer.
    pub(super) fn mark_away(&self, replica: &str) {
        let mut away_until = self
            .away_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        away_until.insert(replica.to_owned(), Instant::now() + protocol::REPLICA_PAUSE);
    }
}

fn weight(replica: &str, sweep_id: &str) -> [u8; 32] {
    Sha256::digest(format!("{replica}\0{sweep_id}")).into()
}
