//! The thread in which a client talks with the services.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A thread for connections, heartbeats and reports.
///
/// Code that trains may keep the threads of the program's own runtime busy for minutes, and
/// heartbeats must not wait for it. The thread ends when the client is dropped.
#[derive(Debug)]
pub(crate) struct Background {
    pub(crate) handle: Handle,
    /// Dropped with the client, which ends the thread.
    _end: oneshot::Sender<()>,
}

impl Background {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("wanllmdb".to_owned())
            .spawn(move || {
                // An error: the sender was dropped.
                let _ = runtime.block_on(ended);
            })?;
        Ok(Self { handle, _end: end })
    }
}
