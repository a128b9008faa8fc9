//! The addresses of services.

use std::net::{IpAddr, Ipv4Addr};

use crate::Error;

/// The beginnings of addresses that are targets of gRPC.
const SCHEMES: [&str; 7] = [
    "dns:",
    "ipv4:",
    "ipv6:",
    "unix:",
    "unix-abstract:",
    "vsock:",
    "xds:",
];

/// Where one of the two services is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Endpoint {
    /// What the program or its environment gave, else the default.
    pub address: String,
    /// The entries of the address as `host:port`, or the one target of gRPC.
    pub replicas: Vec<String>,
    /// The name that the service's certificate must have; none without TLS, and for a target of
    /// gRPC, which has the name.
    pub server_name: Option<String>,
    pub(crate) is_target: bool,
}

impl Endpoint {
    /// Returns the endpoint of an address; the source names the setting in errors.
    pub(crate) fn parse(address: &str, source: &str) -> Result<Self, Error> {
        let address = address.trim();
        let mut endpoint = Self {
            address: address.to_owned(),
            replicas: vec![address.to_owned()],
            server_name: None,
            is_target: SCHEMES.iter().any(|scheme| address.starts_with(scheme)),
        };
        if endpoint.is_target {
            // The parts must be known before the first call.
            endpoint
                .parts()
                .map_err(|problem| Error::invalid(source, problem))?;
            return Ok(endpoint);
        }
        endpoint.replicas.clear();
        let mut kinds = [false; 2];
        for part in address.split(',').map(str::trim) {
            let Some((host, port)) = host_and_port(part) else {
                let problem = format!(
                    "has the address {part:?}, which is not host:port, such as localhost:50051"
                );
                return Err(Error::invalid(source, problem));
            };
            if let Ok(ip) = host.parse::<IpAddr>() {
                kinds[usize::from(ip.is_ipv6())] = true;
            }
            endpoint.replicas.push(joined(&host, port));
        }
        if kinds == [true; 2] {
            let problem = format!("mixes IPv4 and IPv6 in {address:?}: name one kind only");
            return Err(Error::invalid(source, problem));
        }
        Ok(endpoint)
    }

    /// Returns the endpoint of one replica.
    pub(crate) fn of_replica(&self, replica: &str) -> Self {
        Self {
            address: replica.to_owned(),
            replicas: vec![replica.to_owned()],
            ..self.clone()
        }
    }

    /// Returns what to connect to: `host:port` of each replica, or one path with `unix:`.
    pub(crate) fn parts(&self) -> Result<Vec<String>, String> {
        if !self.is_target {
            return Ok(self.replicas.clone());
        }
        let (scheme, rest) = self.address.split_once(':').unwrap_or_default();
        match scheme {
            "unix" => Ok(vec![self.address.clone()]),
            // dns://resolver/host:port has a resolver, which the system chooses here.
            "dns" | "ipv4" | "ipv6" => {
                let list = rest.rsplit('/').next().unwrap_or_default();
                list.split(',')
                    .map(|part| {
                        host_and_port(part)
                            .map(|(host, port)| joined(&host, port))
                            .ok_or_else(|| format!("has {part:?}, which is not host:port"))
                    })
                    .collect()
            }
            _ => Err(format!(
                "is {:?}: gRPC for Rust does not know {scheme}",
                self.address
            )),
        }
    }

    /// Returns the host of the first replica, in which localhost is no number.
    pub(crate) fn host_as_written(&self) -> Option<String> {
        let first = self.address.split(',').next().unwrap_or_default();
        (!self.is_target).then(|| host_of(first.trim()).to_owned())
    }

    /// Returns whether all replicas can only be on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.parts().is_ok_and(|parts| {
            parts
                .iter()
                .all(|part| part.starts_with("unix:") || is_loopback_host(host_of(part)))
        })
    }
}

/// Splits an address; localhost becomes 127.0.0.1, where servers listen.
fn host_and_port(address: &str) -> Option<(String, u16)> {
    let (_, port) = address.rsplit_once(':')?;
    let host = host_of(address);
    let is_decimal = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|&port| port > 0 && is_decimal)?;
    // A slash shows a URL, which would otherwise be looked up as a name.
    if host.is_empty() || host.contains('/') {
        return None;
    }
    let host = if host == "localhost" {
        Ipv4Addr::LOCALHOST.to_string()
    } else {
        host.to_owned()
    };
    Some((host, port))
}

fn joined(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Returns the host of `host:port`, without brackets.
pub(crate) fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or("", |(host, _)| host);
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

fn is_loopback_host(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
