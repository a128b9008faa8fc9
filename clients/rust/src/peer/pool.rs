//! The connections to the replicas of a service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::net::lookup_host;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tonic::Status;
use tonic::transport::{Channel, Endpoint as Target};

use super::call::Unsent;
use super::health;
use crate::address::Endpoint;
use crate::protocol;
use crate::tls::TlsConfig;

/// The connections to the replicas of a service, which take calls in turn.
#[derive(Debug)]
pub(super) struct Pool {
    parts: Vec<String>,
    service: &'static str,
    server_name: Option<String>,
    tls: Option<TlsConfig>,
    runtime: Handle,
    /// Made at the first call, when the names of a list are resolved.
    members: OnceCell<Vec<Member>>,
    turn: AtomicUsize,
}

/// The connection to one replica, which is made at its first call, and again after it broke.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) channel: Channel,
    serves: Arc<AtomicBool>,
}

impl Member {
    /// Notes that the connection failed: calls go to other replicas until this one serves again.
    pub(super) fn failed(&self) {
        self.set_serves(false);
    }

    pub(super) fn set_serves(&self, serves: bool) {
        self.serves.store(serves, Ordering::Relaxed);
    }
}

impl Pool {
    pub(super) fn new(
        endpoint: &Endpoint,
        service: &'static str,
        tls: Option<TlsConfig>,
        runtime: Handle,
    ) -> Result<Self, String> {
        let pool = Self {
            parts: endpoint.parts()?,
            service,
            server_name: endpoint.server_name.clone(),
            tls,
            runtime,
            members: OnceCell::new(),
            turn: AtomicUsize::new(0),
        };
        if let [part] = &pool.parts[..] {
            // One name is resolved at each connection.
            let member = pool.member(part)?;
            pool.members.set(vec![member]).ok();
        }
        Ok(pool)
    }

    /// Returns how many connections there are.
    pub(super) fn len(&self) -> usize {
        self.members.get().map_or(1, Vec::len)
    }

    /// Returns the connection whose turn it is, of those to replicas that serve, else of all.
    pub(super) async fn next(&self) -> Result<Member, Status> {
        let members = self.members.get_or_try_init(|| self.resolved()).await?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = |i: usize| &members[(turn + i) % members.len()];
        let serving = (0..members.len())
            .map(in_turn)
            .find(|member| member.serves.load(Ordering::Relaxed))
            .unwrap_or_else(|| in_turn(0));
        Ok(serving.clone())
    }

    /// Returns connections to all addresses of a list, which must be of one kind.
    async fn resolved(&self) -> Result<Vec<Member>, Status> {
        let unsent = |problem: String| {
            let mut status = Status::unavailable(&problem);
            status.set_source(Arc::new(Unsent(problem)));
            status
        };
        let mut found: Vec<SocketAddr> = Vec::new();
        for part in &self.parts {
            let all: Vec<_> = lookup_host(part)
                .await
                .map_err(|error| unsent(format!("can't resolve {part}: {error}")))?
                .collect();
            let has_four = all.iter().any(SocketAddr::is_ipv4);
            found.extend(
                all.into_iter()
                    .filter(|address| address.is_ipv4() == has_four),
            );
        }
        if found.iter().any(SocketAddr::is_ipv4) && found.iter().any(SocketAddr::is_ipv6) {
            return Err(unsent(format!(
                "the names {} resolve to IPv4 and to IPv6: name one kind only",
                self.parts.join(", ")
            )));
        }
        let members = found
            .iter()
            .map(|address| self.member(&address.to_string()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(Status::invalid_argument)?;
        for member in &members {
            self.runtime
                .spawn(health::watch(member.clone(), self.service));
        }
        Ok(members)
    }

    /// Returns a connection to an address.
    fn member(&self, address: &str) -> Result<Member, String> {
        let uri = match &self.tls {
            _ if address.starts_with("unix:") => address.to_owned(),
            Some(_) => format!("https://{address}"),
            None => format!("http://{address}"),
        };
        let mut target = Target::from_shared(uri)
            .map_err(|error| format!("has the address {address:?}: {error}"))?
            .connect_timeout(protocol::CONNECT_MILLISECONDS)
            .http2_keep_alive_interval(protocol::KEEPALIVE_MILLISECONDS)
            .keep_alive_timeout(protocol::KEEPALIVE_TIMEOUT_MILLISECONDS)
            .keep_alive_while_idle(true)
            // The limit counts some bytes more for each entry.
            .http2_max_header_list_size(2 * protocol::MAX_METADATA_BYTES)
            .tcp_nodelay(true);
        if let Some(tls) = &self.tls {
            target = tls.apply(target, self.server_name.as_deref())?;
        }
        // The tasks of the connection belong to the client's own thread.
        let _inside = self.runtime.enter();
        Ok(Member {
            channel: target.connect_lazy(),
            serves: Arc::new(AtomicBool::new(true)),
        })
    }
}
