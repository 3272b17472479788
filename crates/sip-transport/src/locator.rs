//! Where a host is (RFC 3263): which transports it speaks, at which addresses, in which order.

mod faults;
mod records;
mod rules;

pub use faults::LocateFault;

use frontdesk_sip_stack::Transport;
use records::{Miss, Records};
use rules::{Plan, Service, Srv};
use std::net::SocketAddr;
use std::time::Duration;

/// How long one look-up may take, all its questions together.
pub const LOCATE_SECONDS_MAX: u64 = 8;
/// How many hops one answer may have; the less preferred are left out.
pub const HOPS_MAX: usize = 32;
/// An answer is never asked again sooner than this, whatever the records say: who sets a TTL of 0 would be asked for each
/// call.
pub const VALID_MIN: Duration = Duration::from_secs(5);
/// An answer is never believed for longer than this.
pub const VALID_MAX: Duration = Duration::from_secs(3_600);

/// Whom to ask, and what this side can use.
#[derive(Debug, Clone)]
pub struct LocatorSettings {
    /// The name servers, with their ports; none asks those of the machine.
    pub servers: Vec<SocketAddr>,
    /// The transports that this side speaks, the preferred first.
    pub transports: Vec<Transport>,
    /// Whether this side can reach IPv4 addresses.
    pub ipv4: bool,
    /// Whether this side can reach IPv6 addresses.
    pub ipv6: bool,
}

impl Default for LocatorSettings {
    fn default() -> Self {
        LocatorSettings {
            servers: Vec::new(),
            transports: vec![Transport::Udp, Transport::Tcp, Transport::Tls],
            ipv4: true,
            ipv6: true,
        }
    }
}

/// What is asked: the parts of a URI that say where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// A name, or an IP address (in brackets or not).
    pub host: String,
    /// The port, if one is named: then SRV records are not asked for (RFC 3263 §4.2).
    pub port: Option<u16>,
    /// The transport, if one is named: then NAPTR records are not asked for (RFC 3263 §4.1).
    pub transport: Option<Transport>,
    /// Whether it is a `sips:` URI: only TLS will do.
    pub secure: bool,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The places, the preferred first; never empty.
    pub hops: Vec<Located>,
    /// For how long that holds, from [`VALID_MIN`] to [`VALID_MAX`].
    pub valid_for: Duration,
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// How to talk to it.
    pub transport: Transport,
    /// Where it is.
    pub address: SocketAddr,
    /// The name that its certificate must prove, if TLS is spoken: the host that was asked for, whatever names the
    /// records gave (RFC 5922 §4, RFC 3263 §4.1).
    pub name: String,
    /// Places of a smaller number are tried first (RFC 2782).
    pub priority: u16,
    /// Among those of one priority: how often to choose this one, in proportion. The choice is left to whoever has
    /// chance.
    pub weight: u16,
}

/// Asks DNS.
pub struct Locator {
    records: Records,
    transports: Vec<Transport>,
}

impl Locator {
    /// Must be called on a tokio runtime.
    ///
    /// # Errors
    /// The machine's own name servers cannot be read.
    pub fn new(settings: &LocatorSettings) -> Result<Locator, LocateFault> {
        Ok(Locator { records: Records::new(settings)?, transports: settings.transports.clone() })
    }

    /// Finds a host.
    ///
    /// # Errors
    /// See [`LocateFault`].
    pub async fn locate(&self, question: &Question) -> Result<Answer, LocateFault> {
        let host = question.host.trim_end_matches('.').to_ascii_lowercase();
        let local = self.records.is_local(&host);
        let plan =
            rules::plan(&Question { host: host.clone(), ..question.clone() }, &self.transports, local)?;
        let looking = async {
            match plan {
                Plan::Known(address, transport) => Ok(Answer {
                    hops: vec![Located { transport, address, name: host.clone(), priority: 0, weight: 0 }],
                    valid_for: VALID_MAX,
                }),
                Plan::Addresses(port, transport) => self.addresses(&host, port, transport).await,
                Plan::Services(services) => self.services(&host, services, question).await,
                Plan::Discover => self.discover(&host, question).await,
            }
        };
        let limit = Duration::from_secs(LOCATE_SECONDS_MAX);
        let no_answer = || self.records.no_answer(&host);
        tokio::time::timeout(limit, looking).await.unwrap_or_else(|_| Err(no_answer()))
    }

    /// RFC 3263 §4.1: the host says itself which services it prefers, or all that are spoken here are tried.
    async fn discover(&self, host: &str, question: &Question) -> Result<Answer, LocateFault> {
        let (services, valid_for) = match self.records.naptr(host).await {
            Ok(found) => (rules::offered(&found.records, question.secure, &self.transports), found.valid_for),
            // Small routers know no NAPTR, and say so in strange ways: the next questions tell what the matter is.
            Err(Miss::NoSuchName | Miss::NoRecords | Miss::Declined) => (None, VALID_MAX),
            Err(Miss::NoAnswer) => return Err(self.records.no_answer(host)),
        };
        let services = match services {
            Some(services) if services.is_empty() => {
                return Err(LocateFault::NoTransport { name: host.to_owned() });
            }
            Some(services) => services,
            None => rules::usual(host, question.secure, &self.transports),
        };
        let mut answer = self.services(host, services, question).await?;
        answer.valid_for = answer.valid_for.min(valid_for).max(VALID_MIN);
        Ok(answer)
    }

    /// The servers of the first service that has any; without SRV records the host itself (RFC 3263 §4.2).
    async fn services(
        &self,
        host: &str,
        services: Vec<Service>,
        question: &Question,
    ) -> Result<Answer, LocateFault> {
        let mut refused = false;
        let mut unfound = None;
        for service in services {
            let found = match self.records.srv(&service.name).await {
                Ok(found) => found,
                Err(Miss::NoSuchName | Miss::NoRecords) => continue,
                Err(Miss::Declined | Miss::NoAnswer) => {
                    return Err(self.records.no_answer(&service.name));
                }
            };
            let servers = rules::ordered(found.records);
            refused |= servers.is_empty();
            match self.servers(host, servers, service.transport, found.valid_for).await {
                Ok(answer) if !answer.hops.is_empty() => return Ok(answer),
                Ok(_) => {}
                Err(fault) => unfound = Some(fault),
            }
        }
        match unfound {
            Some(fault) => Err(fault),
            // RFC 2782: a target of "." says that the service is decidedly not available there.
            None if refused => Err(LocateFault::NoTransport { name: host.to_owned() }),
            None => {
                let transport = rules::without_records(question, &self.transports)
                    .ok_or_else(|| LocateFault::NoTransport { name: host.to_owned() })?;
                self.addresses(host, transport.default_port(), transport).await
            }
        }
    }

    /// The addresses of the servers, in their order; those that cannot be found are left out.
    async fn servers(
        &self,
        host: &str,
        servers: Vec<Srv>,
        transport: Transport,
        mut valid_for: Duration,
    ) -> Result<Answer, LocateFault> {
        let mut hops = Vec::new();
        let mut fault = None;
        for server in servers {
            match self.records.addresses(&server.target).await {
                Ok(found) => {
                    valid_for = valid_for.min(found.valid_for);
                    hops.extend(found.records.into_iter().map(|ip| Located {
                        transport,
                        address: SocketAddr::new(ip, server.port),
                        name: host.to_owned(),
                        priority: server.priority,
                        weight: server.weight,
                    }));
                }
                Err(miss) => fault = Some(self.records.fault(miss, &server.target)),
            }
        }
        hops.truncate(HOPS_MAX);
        match fault {
            Some(fault) if hops.is_empty() => Err(fault),
            _ => Ok(Answer { hops, valid_for: valid_for.clamp(VALID_MIN, VALID_MAX) }),
        }
    }

    async fn addresses(&self, host: &str, port: u16, transport: Transport) -> Result<Answer, LocateFault> {
        let server = Srv { priority: 0, weight: 0, port, target: host.to_owned() };
        self.servers(host, vec![server], transport, VALID_MAX).await
    }
}

impl std::fmt::Debug for Locator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Locator").field("transports", &self.transports).finish_non_exhaustive()
    }
}

/// The address of a host by the machine's own means, of those that it prefers the first: for tools that need no more.
///
/// # Errors
/// See [`LocateFault`].
pub async fn resolve(host: &str, port: u16) -> Result<SocketAddr, LocateFault> {
    if let Some(ip) = rules::numeric(host) {
        return Ok(SocketAddr::new(ip, port));
    }
    if !rules::is_host(host) {
        return Err(LocateFault::NotAHost { host: host.chars().take(64).collect() });
    }
    let asked = tokio::net::lookup_host((host, port));
    let found = tokio::time::timeout(Duration::from_secs(LOCATE_SECONDS_MAX), asked).await;
    let found = found.map_err(|_| LocateFault::NoAnswer { name: host.to_owned(), servers: Vec::new() })?;
    let first = found.ok().and_then(|mut addresses| addresses.next());
    first.ok_or_else(|| LocateFault::NoAddress { name: host.to_owned() })
}
