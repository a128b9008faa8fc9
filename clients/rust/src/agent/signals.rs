//! SIGINT and SIGTERM.
//!
//! tokio keeps the handlers that it has installed until the process ends. An agent restores those
//! that it replaced, so that Ctrl-C ends the program again once its agent has ended.

/// A signal that ends an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, which Ctrl-C sends.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Signal {
    /// Returns the signal's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }
}

#[cfg(unix)]
pub(super) use unix::Signals;

#[cfg(unix)]
#[allow(
    unsafe_code,
    reason = "handlers of signals are installed by the C library"
)]
mod unix {
    use std::io::{self, Read};
    use std::mem::MaybeUninit;
    use std::os::fd::IntoRawFd;
    use std::os::unix::net::UnixStream;
    use std::sync::atomic::{AtomicI32, Ordering};
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::{ptr, thread};

    use libc::{c_int, sigaction};
    use tokio::sync::broadcast::{self, error::RecvError};

    use super::Signal;

    /// The signals of a process that were not read yet; agents read them at once.
    const CAPACITY: usize = 64;

    /// Where the handler writes the number of a signal; -1 until there is such a place.
    static WRITE_END: AtomicI32 = AtomicI32::new(-1);

    static INSTALLED: Mutex<Installed> = Mutex::new(Installed {
        agents: 0,
        replaced: Vec::new(),
        sender: None,
    });

    /// The handlers of this process.
    struct Installed {
        /// How many agents follow signals.
        agents: usize,
        /// The handlers that were replaced.
        replaced: Vec<(c_int, sigaction)>,
        /// Passes on what the handler wrote; it stays until the process ends.
        sender: Option<broadcast::Sender<Signal>>,
    }

    /// Receives signals. The handlers that the first one replaced are restored with the last one.
    pub(in super::super) struct Signals(broadcast::Receiver<Signal>);

    impl Signals {
        /// Replaces the handlers. A signal that the process ignores, for example under nohup, stays
        /// ignored.
        pub(in super::super) fn install() -> io::Result<Self> {
            let mut installed = installed();
            let sender = match &installed.sender {
                Some(sender) => sender.clone(),
                None => installed.sender.insert(passed_on()?).clone(),
            };
            let signals = Self(sender.subscribe());
            if installed.agents == 0 {
                for number in [libc::SIGINT, libc::SIGTERM] {
                    if let Some(before) = replace(number)? {
                        installed.replaced.push((number, before));
                    }
                }
            }
            installed.agents += 1;
            Ok(signals)
        }

        /// Waits for the next signal.
        pub(in super::super) async fn next(&mut self) -> Signal {
            loop {
                match self.0.recv().await {
                    Ok(signal) => return signal,
                    Err(RecvError::Lagged(_)) => {}
                    // Impossible: the sender stays until the process ends.
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        }
    }

    impl Drop for Signals {
        fn drop(&mut self) {
            let mut installed = installed();
            installed.agents -= 1;
            if installed.agents == 0 {
                for (number, before) in installed.replaced.drain(..) {
                    // SAFETY: the C library returned this handler for this signal.
                    unsafe { libc::sigaction(number, &raw const before, ptr::null_mut()) };
                }
            }
        }
    }

    fn installed() -> MutexGuard<'static, Installed> {
        INSTALLED.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what passes on the signals that the handler writes, from a thread of its own.
    fn passed_on() -> io::Result<broadcast::Sender<Signal>> {
        let (mut read_end, write_end) = UnixStream::pair()?;
        // A handler must not wait, whatever happens.
        write_end.set_nonblocking(true)?;
        let sender = broadcast::Sender::new(CAPACITY);
        let passes_on = sender.clone();
        thread::Builder::new()
            .name("wanllmdb-signals".to_owned())
            .spawn(move || {
                let mut number = [0];
                while read_end.read_exact(&mut number).is_ok() {
                    let is_interrupt = c_int::from(number[0]) == libc::SIGINT;
                    let signal = if is_interrupt {
                        Signal::Interrupt
                    } else {
                        Signal::Terminate
                    };
                    // An error: no agent follows signals.
                    let _ = passes_on.send(signal);
                }
            })?;
        WRITE_END.store(write_end.into_raw_fd(), Ordering::Relaxed);
        Ok(sender)
    }

    /// Replaces the handler of a signal, and returns the one before; none if it stays ignored.
    fn replace(number: c_int) -> io::Result<Option<sigaction>> {
        let mut before = MaybeUninit::<sigaction>::zeroed();
        // SAFETY: a new action of null only reads the present one, into `before`.
        let before = unsafe {
            if libc::sigaction(number, ptr::null(), before.as_mut_ptr()) != 0 {
                return Err(io::Error::last_os_error());
            }
            before.assume_init()
        };
        if before.sa_sigaction == libc::SIG_IGN {
            return Ok(None);
        }
        // SAFETY: zeros are a valid sigaction, whose mask and flags are set here. `handle` calls
        // only what POSIX allows within a handler.
        unsafe {
            let mut action = MaybeUninit::<sigaction>::zeroed().assume_init();
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_RESTART;
            libc::sigemptyset(&raw mut action.sa_mask);
            if libc::sigaction(number, &raw const action, ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(Some(before))
    }

    extern "C" fn handle(number: c_int) {
        let byte = number as u8;
        // SAFETY: write may be called within a handler, and the byte is there. It does not wait,
        // and the place for errno is that of this thread, which gets its value back.
        unsafe {
            let errno = errno();
            let before = *errno;
            libc::write(
                WRITE_END.load(Ordering::Relaxed),
                (&raw const byte).cast(),
                1,
            );
            *errno = before;
        }
    }

    #[cfg(any(target_os = "linux", target_os = "emscripten"))]
    unsafe fn errno() -> *mut c_int {
        // SAFETY: the C library has a place for each thread.
        unsafe { libc::__errno_location() }
    }

    #[cfg(not(any(target_os = "linux", target_os = "emscripten")))]
    unsafe fn errno() -> *mut c_int {
        // SAFETY: the C library has a place for each thread.
        unsafe { libc::__error() }
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Follows no signal: other systems end the program at once.
    pub(super) fn install() -> std::io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn next(&mut self) -> Signal {
        std::future::pending().await
    }
}
