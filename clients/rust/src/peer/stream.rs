//! Streams of answers to one request.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::uri::PathAndQuery;
use prost::Message;
use tonic::Status;
use tonic_prost::ProstCodec;

use super::{Call, Peer, Request, call};
use crate::key::Secret;
use crate::protocol::{self, Backoff};
use crate::{Error, random};

/// A stream of answers to one request. It is opened at the first [`Streaming::next`], and again
/// where the protocol says so until it has sent a message.
#[derive(Debug)]
pub struct Streaming<Q, A> {
    peer: Peer,
    call: Call,
    request: Q,
    open: Option<tonic::Streaming<A>>,
    has_begun: bool,
    resends: u32,
}

impl Peer {
    /// Returns the stream of answers to a request.
    pub(crate) fn stream<Q: Request, A>(&self, path: &'static str, request: Q) -> Streaming<Q, A> {
        Streaming {
            peer: self.clone(),
            call: Call::new(path, &request, None),
            request,
            open: None,
            has_begun: false,
            resends: 0,
        }
    }
}

impl<Q: Request, A: Message + Default + 'static> Streaming<Q, A> {
    /// Returns the next message; none at the end of the stream.
    pub async fn next(&mut self) -> Option<Result<A, Error>> {
        loop {
            let key = self.peer.0.keys.current();
            let status = match self.receive(key.as_ref()).await {
                Ok(Some(message)) => {
                    self.has_begun = true;
                    self.peer.0.answered.store(true, Ordering::Relaxed);
                    return Some(Ok(message));
                }
                Ok(None) => return None,
                Err(status) => status,
            };
            self.open = None;
            let failure = self.peer.failure(&self.call, &status);
            let delay = self.peer.resend_delay(&failure, self.resends, key.as_ref());
            match delay.filter(|_| !self.has_begun) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Some(Err(failure.into())),
            }
            self.resends += 1;
        }
    }

    /// Has the next message come from a new stream for this request.
    pub(crate) fn reopen(&mut self, request: Q) {
        (self.request, self.open, self.has_begun, self.resends) = (request, None, false, 0);
    }

    async fn receive(&mut self, key: Option<&Secret>) -> Result<Option<A>, Status> {
        if self.open.is_none() {
            self.open = Some(self.opened(key).await?);
        }
        let Some(open) = &mut self.open else {
            return Ok(None);
        };
        open.message().await.map_err(call::typed)
    }

    /// Opens the stream, again while the service is unavailable.
    async fn opened(&self, key: Option<&Secret>) -> Result<tonic::Streaming<A>, Status> {
        let peer = &self.peer.0;
        let waits = peer.answered.load(Ordering::Relaxed);
        let mut pauses = self.call.transport_pauses();
        let mut reconnects = Backoff::new(
            protocol::FIRST_RECONNECT_MILLISECONDS,
            protocol::LONGEST_RECONNECT_MILLISECONDS,
        );
        let mut attempts = 1;
        loop {
            let status = match self.open_once(key).await {
                Err(status) if call::is_away(&status) => status,
                result => return result,
            };
            let pause: Duration = if waits && call::is_unsent(&status) {
                reconnects.next()
            } else if attempts < self.call.attempts {
                attempts += 1;
                random::jittered(pauses.next(), call::TRANSPORT_JITTER)
            } else {
                return Err(status);
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn open_once(&self, key: Option<&Secret>) -> Result<tonic::Streaming<A>, Status> {
        let member = self.peer.0.all.next().await?;
        let mut sent = tonic::Request::new(self.request.clone());
        call::add_key(&mut sent, key);
        let opened = async {
            let mut grpc = call::client(&member);
            grpc.ready()
                .await
                .map_err(|error| Status::from_error(error.into()))?;
            let path = PathAndQuery::from_static(self.call.path);
            grpc.server_streaming(sent, path, ProstCodec::<Q, A>::default())
                .await
        };
        match opened.await {
            Ok(answer) => Ok(answer.into_inner()),
            Err(status) => {
                if call::is_broken(&status) {
                    member.failed();
                }
                Err(call::typed(status))
            }
        }
    }
}
