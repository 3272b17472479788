//! What is right in the settings and wants a look all the same.

use super::Settings;
use frontdesk_directory::{Encryption, TrunkTransport};
use frontdesk_sip_stack::Transport;

impl Settings {
    /// Everything that an operator should know, each with its file and line.
    ///
    /// Keys of encrypted sound stand in the signalling (RFC 4568 §5.3): over UDP and TCP whoever can listen to the sound can
    /// read them, too.
    pub fn warnings(&self) -> Vec<String> {
        let is_safe = |transport| matches!(transport, Transport::Tls | Transport::Wss);
        let by_tls = self.sip.listen.iter().any(|listen| is_safe(listen.transport));
        let only_by_tls = by_tls && self.sip.listen.iter().all(|listen| is_safe(listen.transport));
        let listens = match (by_tls, only_by_tls) {
            (_, true) => None,
            (true, false) => Some("its keys can be read by others if it registers by UDP or TCP"),
            (false, _) => Some("its keys can be read by others: [sip] listen has neither tls nor wss"),
        };
        let phones =
            self.phones.iter().map(|phone| (phone.line, format!("phone {}", phone.number), phone.srtp));
        let peers = self.peers.iter().map(|peer| (peer.line, format!("peer {}", peer.name), peer.srtp));
        let mut told: Vec<(usize, String)> = Vec::new();
        for (line, who, srtp) in phones.chain(peers) {
            if let (true, Some(why)) = (srtp != Encryption::Off, listens) {
                told.push((line, format!("{who}: its sound is encrypted, but {why}")));
            }
        }
        for listed in &self.trunks {
            let trunk = &listed.trunk;
            if trunk.srtp != Encryption::Off && trunk.transport != Some(TrunkTransport::Tls) {
                let why = "but its keys can be read by others: set transport = \"tls\"";
                told.push((listed.line, format!("trunk {}: its sound is encrypted, {why}", trunk.name)));
            }
        }
        told.sort_by_key(|(line, _)| *line);
        told.into_iter().map(|(line, what)| format!("{}:{line}: {what}", self.file.display())).collect()
    }
}
