//! rtpengine plays the relay of sound beside a kamailio that tells it about calls: both as Debian has them.

use super::kamailio::Kamailio;
use super::program::{Program, installed};
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::time::Duration;

/// A proxy that sends every call to one telephone, and all sound through a relay.
pub struct RelayedProxy {
    /// Where it listens for SIP.
    pub address: SocketAddr,
    _kamailio: Kamailio,
    _rtpengine: Program,
}

impl RelayedProxy {
    /// Starts both before a telephone.
    pub fn before(telephone: SocketAddr) -> RelayedProxy {
        let free =
            || UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
        let (control, address) = (free(), free());
        let mut command = Command::new(installed("rtpengine", "rtpengine-daemon"));
        command.args([
            "--foreground",
            "--table=-1",
            "--interface=127.0.0.1",
            "--log-stderr",
            "--log-level=6",
        ]);
        command.args(["--config-file=none", "--port-min=50000", "--port-max=59999", "--no-fallback"]);
        command.arg(format!("--listen-ng={control}"));
        let mut rtpengine = Program::start("rtpengine", command);
        rtpengine.wait_for("it is ready", Duration::from_secs(10), |line| line.contains("Startup complete"));
        let kamailio = Kamailio::start(address, &routing(control, telephone));
        RelayedProxy { address, _kamailio: kamailio, _rtpengine: rtpengine }
    }
}

fn routing(control: SocketAddr, telephone: SocketAddr) -> String {
    format!(
        r#"loadmodule "rtpengine.so"
modparam("rtpengine", "rtpengine_sock", "udp:{control}")
request_route {{
    if (has_totag()) {{
        if (is_method("BYE")) rtpengine_delete();
        if (loose_route()) t_relay();
        else if (is_method("ACK") && t_check_trans()) t_relay();
        else if (!is_method("ACK")) sl_send_reply("404", "Not Here");
        exit;
    }}
    if (is_method("OPTIONS")) {{
        sl_send_reply("200", "Here");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    record_route();
    rtpengine_offer("replace-origin");
    t_on_reply("answered");
    $du = "sip:{telephone}";
    if (!t_relay()) sl_reply_error();
}}
onreply_route[answered] {{
    if (has_body("application/sdp")) rtpengine_answer("replace-origin");
}}
"#
    )
}
