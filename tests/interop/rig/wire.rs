//! The transports that a story is told over.

/// Between a foreign program and the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream under TLS: sipp speaks TCP to a relay beside it, which speaks TLS to the desk.
    Tls,
}

impl Wire {
    /// Each of them.
    pub const ALL: [Wire; 3] = [Wire::Udp, Wire::Tcp, Wire::Tls];

    /// As Via names it, and the desk's `listening on`.
    pub fn name(self) -> &'static str {
        match self {
            Wire::Udp => "UDP",
            Wire::Tcp => "TCP",
            Wire::Tls => "TLS",
        }
    }

    /// As settings and parameters name it.
    pub fn word(self) -> &'static str {
        match self {
            Wire::Udp => "udp",
            Wire::Tcp => "tcp",
            Wire::Tls => "tls",
        }
    }
}
