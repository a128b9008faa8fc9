//! The messages and services of the API, generated from its protos: the program in
//! `xtask` writes them.
//!
//! Their documentation is that of the protos.

/// The registry: sweeps, runs, templates and keys.
pub mod registry {
    /// The first version.
    #[allow(missing_docs, clippy::all, clippy::pedantic, rustdoc::all)]
    pub mod v1 {
        include!("gen/wanllmdb.api.registry.v1.rs");
    }
}

/// The suggestion service: proposals, early termination and analyses.
pub mod suggestion {
    /// The first version.
    #[allow(missing_docs, clippy::all, clippy::pedantic, rustdoc::all)]
    pub mod v1 {
        include!("gen/wanllmdb.api.suggestion.v1.rs");
    }
}
