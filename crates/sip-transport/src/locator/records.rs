//! DNS records, asked for by hickory. The only file that names it.

use super::rules::{Naptr, Srv};
use super::{LocateFault, LocatorSettings, VALID_MAX};
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How long one server may take for one question, and how often it is asked.
const SERVER_TIMEOUT: Duration = Duration::from_millis(1_500);
const ATTEMPTS: usize = 2;

/// Why there are no records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Miss {
    NoSuchName,
    NoRecords,
    /// The server says that it cannot, or will not.
    Declined,
    /// Nobody says anything.
    NoAnswer,
}

/// Records, and for how long they hold.
#[derive(Debug)]
pub(super) struct Found<T> {
    pub(super) records: Vec<T>,
    pub(super) valid_for: Duration,
}

pub(super) struct Records {
    resolver: TokioResolver,
    hosts: Hosts,
    /// Who is asked, for faults to name them.
    servers: Vec<SocketAddr>,
    ipv4: bool,
    ipv6: bool,
}

impl Records {
    pub(super) fn new(settings: &LocatorSettings) -> Result<Self, LocateFault> {
        let mut builder = if settings.servers.is_empty() {
            TokioResolver::builder_tokio().map_err(|_| LocateFault::NoServers)?
        } else {
            let servers = settings.servers.iter().map(name_server).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        options.timeout = SERVER_TIMEOUT;
        options.attempts = ATTEMPTS;
        options.use_hosts_file = ResolveHosts::Always;
        options.ip_strategy = match (settings.ipv4, settings.ipv6) {
            (false, true) => LookupIpStrategy::Ipv6Only,
            (true, false) => LookupIpStrategy::Ipv4Only,
            _ => LookupIpStrategy::Ipv4AndIpv6,
        };
        let resolver = builder.build().map_err(|_| LocateFault::NoServers)?;
        // A machine without the file knows no hosts by itself.
        let hosts = Hosts::from_system().unwrap_or_default();
        let servers = settings.servers.clone();
        Ok(Records { resolver, hosts, servers, ipv4: settings.ipv4, ipv6: settings.ipv6 })
    }

    /// Whether the machine itself says where this is (RFC 6761 §6.3, its hosts file), or in which domain.
    pub(super) fn is_local(&self, host: &str) -> bool {
        let Ok(name) = Name::from_utf8(host) else { return false };
        let listed = |kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind)).is_some();
        !host.contains('.')
            || host.ends_with(".localhost")
            || listed(RecordType::A)
            || listed(RecordType::AAAA)
    }

    pub(super) async fn naptr(&self, name: &str) -> Result<Found<Naptr>, Miss> {
        self.ask(name, RecordType::NAPTR, |data| match data {
            RData::NAPTR(naptr) => Some(Naptr {
                order: naptr.order,
                preference: naptr.preference,
                flags: String::from_utf8_lossy(&naptr.flags).into_owned(),
                service: String::from_utf8_lossy(&naptr.services).into_owned(),
                replacement: bare(&naptr.replacement),
            }),
            _ => None,
        })
        .await
    }

    pub(super) async fn srv(&self, name: &str) -> Result<Found<Srv>, Miss> {
        self.ask(name, RecordType::SRV, |data| match data {
            RData::SRV(srv) => Some(Srv {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                target: bare(&srv.target),
            }),
            _ => None,
        })
        .await
    }

    pub(super) async fn addresses(&self, name: &str) -> Result<Found<IpAddr>, Miss> {
        let found = self.resolver.lookup_ip(name).await.map_err(|error| miss(&error))?;
        let valid_for = remaining(found.valid_until());
        let fits = |ip: &IpAddr| if ip.is_ipv4() { self.ipv4 } else { self.ipv6 };
        let records: Vec<IpAddr> = found.iter().filter(fits).collect();
        if records.is_empty() { Err(Miss::NoRecords) } else { Ok(Found { records, valid_for }) }
    }

    /// What to say of a miss when a host's addresses were asked for.
    pub(super) fn fault(&self, miss: Miss, name: &str) -> LocateFault {
        match miss {
            Miss::NoSuchName => LocateFault::NoSuchName { name: name.to_owned() },
            Miss::NoRecords => LocateFault::NoAddress { name: name.to_owned() },
            Miss::Declined | Miss::NoAnswer => self.no_answer(name),
        }
    }

    pub(super) fn no_answer(&self, name: &str) -> LocateFault {
        LocateFault::NoAnswer { name: name.to_owned(), servers: self.servers.clone() }
    }

    async fn ask<T>(
        &self,
        name: &str,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Found<T>, Miss> {
        // A name with its last dot is the whole name: the machine's search list has no say in services.
        let found: Lookup =
            self.resolver.lookup(format!("{name}."), kind).await.map_err(|error| miss(&error))?;
        let records: Vec<T> = found.answers().iter().filter_map(|record| read(&record.data)).collect();
        let valid_for = remaining(found.valid_until());
        if records.is_empty() { Err(Miss::NoRecords) } else { Ok(Found { records, valid_for }) }
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let on_its_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(on_its_port).to_vec();
    NameServerConfig::new(address.ip(), true, connections)
}

fn bare(name: &Name) -> String {
    name.to_string().trim_end_matches('.').to_ascii_lowercase()
}

fn remaining(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).min(VALID_MAX)
}

fn miss(error: &NetError) -> Miss {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => Miss::NoSuchName,
            ResponseCode::NoError => Miss::NoRecords,
            _ => Miss::Declined,
        },
        NetError::Dns(_) => Miss::Declined,
        _ => Miss::NoAnswer,
    }
}
