//! How calls and agents fail.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use tonic::{Code, Status};

use crate::api::registry::v1::ErrorReason;
use crate::details::Details;

/// An error of a program's own code.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// How something of this client failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The client rejects a setting, a value or a search space, before any call.
    Invalid {
        /// What is at fault: a variable of the environment, an option, the path of a value.
        what: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A call to a service failed.
    Service(Box<ServiceError>),
    /// No command agent has given a run to this process, or no longer has one.
    NoRun(String),
    /// The runs of an agent fail.
    GaveUp {
        /// How many runs failed.
        why: String,
        /// The error of the last run.
        last: BoxError,
    },
    /// What an agent could not do because of an error of a service.
    Agent {
        /// What it could not do.
        what: String,
        /// The error of the service.
        source: Box<Error>,
    },
    /// A further SIGINT ended an agent at once: the runs that it held are queued again when their
    /// leases run out.
    Interrupted,
    /// The code of a child's run failed with this error.
    Code(BoxError),
}

impl Error {
    pub(crate) fn invalid(what: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid {
            what: what.into(),
            problem: problem.into(),
        }
    }

    /// Returns the error of the service that is behind this error.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceError> {
        match self {
            Self::Service(error) => Some(error),
            Self::Agent { source, .. } => source.service(),
            _ => None,
        }
    }

    /// Returns whether a service rejected a call for this reason.
    #[must_use]
    pub fn is(&self, reason: ErrorReason) -> bool {
        self.service().is_some_and(|error| error.is(reason))
    }

    /// Returns the status code, if this is the error of a call.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.service().map(|error| error.code)
    }

    /// Returns whether the same request may succeed later, so that an agent waits.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.service().is_some_and(ServiceError::may_pass)
    }

    /// Returns whether a run is no longer its agent's.
    #[must_use]
    pub fn ends_run(&self) -> bool {
        self.service().is_some_and(ServiceError::ends_run)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { what, problem } => write!(f, "{what} {problem}"),
            Self::Service(error) => error.fmt(f),
            Self::NoRun(problem) => write!(f, "no run: {problem}"),
            Self::GaveUp { why, last } => {
                write!(f, "the agent gives up: {why}, the last one with: {last}")
            }
            Self::Agent { what, source } => write!(f, "{what}: {source}"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Code(error) => error.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::GaveUp { last, .. } => Some(last.as_ref()),
            Self::Agent { source, .. } => Some(source.as_ref()),
            Self::Code(error) => error.source(),
            _ => None,
        }
    }
}

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Self {
        Self::Service(Box::new(error))
    }
}

/// How a call to a service failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceError {
    /// The status code.
    pub code: Code,
    /// Why, if the service gave a reason: a name of [`ErrorReason`] without its prefix, such as
    /// `SWEEP_NOT_FOUND`. Reasons that this release does not know are possible.
    pub reason: String,
    /// The text for people.
    pub message: String,
    /// What belongs to the reason: [`ErrorReason`] lists it.
    pub metadata: BTreeMap<String, String>,
    /// The fields of the request that are invalid.
    pub fields: Vec<FieldProblem>,
    /// When an overloaded service accepts the request again, if it says so.
    pub retry_after: Option<Duration>,
}

/// What is wrong with one field of a request, or with one place of a config.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldProblem {
    /// The path of the field: `rows[0].step`, or `parameters.lr.min` of a config.
    pub field: String,
    /// What is wrong.
    pub description: String,
    /// The line and column of a config as text, from 1; none for no single place.
    pub position: Option<(u32, u32)>,
}

impl ServiceError {
    /// Returns an error of this client, without details.
    pub(crate) fn new(code: Code, message: String) -> Self {
        Self {
            code,
            reason: String::new(),
            message,
            metadata: BTreeMap::new(),
            fields: Vec::new(),
            retry_after: None,
        }
    }

    /// Returns the error of a failed call whose details are a google.rpc.Status, as calls without
    /// this client have it. Details that do not parse count as absent.
    #[must_use]
    pub fn from_details(code: Code, message: &str, details: &[u8]) -> Self {
        let details = Details::read(details);
        Self {
            code,
            reason: details.reason,
            message: message.to_owned(),
            metadata: details.metadata,
            fields: details.fields,
            retry_after: details.retry_after,
        }
    }

    /// Returns whether this is the reason.
    #[must_use]
    pub fn is(&self, reason: ErrorReason) -> bool {
        reason.as_str_name().strip_prefix("ERROR_REASON_") == Some(self.reason.as_str())
    }

    /// Returns whether the same request may succeed later, so that an agent waits: the service is
    /// unavailable, did not answer in time, or asks for a pause.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self.code {
            Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded => true,
            // Without a delay the message is too large, now and later.
            Code::ResourceExhausted => self.retry_after.is_some(),
            _ => false,
        }
    }

    /// Returns whether the error means that a run is no longer its agent's.
    #[must_use]
    pub fn ends_run(&self) -> bool {
        match self.code {
            Code::NotFound => true,
            Code::FailedPrecondition => {
                self.is(ErrorReason::RunNotRunning) || self.is(ErrorReason::RunLeaseLost)
            }
            _ => false,
        }
    }

    /// Returns whether the error is about what a request contains, and does not end the run.
    pub(crate) fn rejects_content(&self) -> bool {
        match self.code {
            Code::InvalidArgument | Code::OutOfRange => true,
            Code::ResourceExhausted => self.retry_after.is_none(),
            Code::FailedPrecondition => !self.ends_run(),
            _ => false,
        }
    }
}

impl From<&Status> for ServiceError {
    /// Returns the error of a failed call. Details that do not parse count as absent.
    fn from(status: &Status) -> Self {
        Self::from_details(status.code(), status.message(), status.details())
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for ServiceError {}
