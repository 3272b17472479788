//! From the settings to what the SIP transport and its locator are told.

use crate::settings::Settings;
use frontdesk_sip_stack::Transport;
use frontdesk_sip_transport::{ListenAddress, PemFiles, TlsSettings, TransportSettings};
use std::path::PathBuf;

/// Where to listen, and whose certificates TLS uses.
pub fn transport_settings(settings: &Settings) -> TransportSettings {
    let peers = settings.peers.iter().flat_map(|peer| &peer.addresses);
    let trunks = settings.trunks.iter().flat_map(|listed| &listed.trunk.addresses);
    TransportSettings {
        listen: settings.sip.listen.clone(),
        trusted: peers.chain(trunks).copied().collect(),
        ..outward(settings)
    }
}

/// The same for whoever only asks and listens nowhere in particular: any free ports.
pub fn asking_settings(settings: &Settings) -> TransportSettings {
    let listen = ["udp:0.0.0.0:0", "udp:[::]:0", "tcp:0.0.0.0:0", "tcp:[::]:0"];
    let listen = listen.iter().filter_map(|text| text.parse::<ListenAddress>().ok()).collect();
    TransportSettings { listen, ..outward(settings) }
}

fn outward(settings: &Settings) -> TransportSettings {
    let files = |pair: &Option<(PathBuf, PathBuf)>| {
        pair.clone().map(|(certificate, key)| PemFiles { certificate, key })
    };
    let tls = &settings.tls;
    TransportSettings {
        tls: TlsSettings {
            identity: files(&tls.server),
            client_identity: files(&tls.own),
            client_authorities: tls.client_ca.clone(),
            server_authorities: tls.ca.clone(),
            ..TlsSettings::default()
        },
        ..TransportSettings::default()
    }
}

/// Whether requests that are too long for a datagram may go by TCP: whoever gets one must be able to answer there.
pub fn listens_on_tcp(settings: &Settings) -> bool {
    settings.sip.listen.iter().any(|listen| listen.transport == Transport::Tcp)
}
