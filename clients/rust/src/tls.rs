//! TLS.

use std::path::PathBuf;

pub(crate) use config::TlsConfig;

/// How a client verifies the services, and identifies itself to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file with the authorities to trust; none for the public ones.
    pub ca: Option<PathBuf>,
    /// A PEM file with the client's certificate, for services that require one.
    pub cert: Option<PathBuf>,
    /// A PEM file with the key of that certificate.
    pub key: Option<PathBuf>,
    /// The name that the services' certificates must have; none for the host in the address, or in
    /// the first of several.
    pub server_name: Option<String>,
}

#[cfg(feature = "tls")]
mod config {
    use std::fs;
    use std::path::Path;

    use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

    use super::Tls;
    use crate::Error;

    /// What connections need, with all files read.
    #[derive(Clone, Debug)]
    pub(crate) struct TlsConfig(ClientTlsConfig);

    impl TlsConfig {
        /// Reads the files, so that a bad one is reported before the first call.
        pub(crate) fn read(tls: &Tls) -> Result<Self, Error> {
            let config = ClientTlsConfig::new();
            let config = match &tls.ca {
                Some(ca) => {
                    let pem = file(ca, "the authorities")?;
                    if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
                        let problem =
                            format!("finds no certificates in PEM form in {}", ca.display());
                        return Err(Error::invalid("TLS", problem));
                    }
                    config.ca_certificate(Certificate::from_pem(pem))
                }
                None => config.with_native_roots(),
            };
            match (&tls.cert, &tls.key) {
                (None, None) => Ok(Self(config)),
                (Some(cert), Some(key)) => {
                    let (cert, key) = (file(cert, "the certificate")?, file(key, "its key")?);
                    Ok(Self(config.identity(Identity::from_pem(cert, key))))
                }
                (Some(cert), None) => Err(alone("certificate", cert, "key", "WANLLMDB_TLS_KEY")),
                (None, Some(key)) => Err(alone("key", key, "certificate", "WANLLMDB_TLS_CERT")),
            }
        }

        /// Returns what connects by TLS to a service whose certificate has the name.
        pub(crate) fn apply(
            &self,
            target: Endpoint,
            server_name: Option<&str>,
        ) -> Result<Endpoint, String> {
            let config = self.0.clone();
            let config = match server_name {
                Some(name) => config.domain_name(name),
                None => config,
            };
            target
                .tls_config(config)
                .map_err(|error| format!("can't be reached by TLS: {error}"))
        }
    }

    fn file(path: &Path, what: &str) -> Result<Vec<u8>, Error> {
        fs::read(path).map_err(|error| {
            Error::invalid(
                "TLS",
                format!("can't read {what} {}: {error}", path.display()),
            )
        })
    }

    fn alone(given: &str, path: &Path, missing: &str, variable: &str) -> Error {
        let path = path.display();
        let problem = format!("has the {given} {path} without a {missing}: set {variable}, too");
        Error::invalid("TLS", problem)
    }
}

#[cfg(not(feature = "tls"))]
mod config {
    use tonic::transport::Endpoint;

    use super::Tls;
    use crate::Error;

    /// There is none: the crate was built without TLS.
    #[derive(Clone, Debug)]
    pub(crate) enum TlsConfig {}

    impl TlsConfig {
        pub(crate) fn read(_: &Tls) -> Result<Self, Error> {
            Err(Error::invalid(
                "TLS",
                "is not in this program: build it with the feature `tls`",
            ))
        }

        pub(crate) fn apply(&self, _: Endpoint, _: Option<&str>) -> Result<Endpoint, String> {
            match *self {}
        }
    }
}
