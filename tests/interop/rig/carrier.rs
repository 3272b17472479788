//! Kamailio plays a carrier: it challenges, registers its customer, passes calls on to subscribers (several at once where
//! the number says so), sends some elsewhere, and brings calls to its customer.

use super::kamailio::Kamailio;
use std::net::{SocketAddr, UdpSocket};

/// The customer's name and password.
pub const ACCOUNT: (&str, &str) = ("trunk-4930", "trunk-secret");
/// The carrier's realm.
const REALM: &str = "carrier.example";

/// Starts a carrier with these subscribers. What the customer calls goes, by the last digit of the number, to 1: the
/// first; 2: both at once; 3: is told to call the number with the last digit 1 instead; 4: is refused with 503. Calls that
/// others bring go to the customer as calls to `customers_number`.
pub fn start(subscribers: [SocketAddr; 2], customers_number: &str) -> Kamailio {
    let free = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let address = free.expect("a free port");
    Kamailio::start(address, &routing(address, subscribers, customers_number))
}

fn routing(own: SocketAddr, subscribers: [SocketAddr; 2], customers_number: &str) -> String {
    let (customer, password) = ACCOUNT;
    let outward = outward(own, subscribers);
    format!(
        r#"loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "textopsx.so"
loadmodule "corex.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", 120)
modparam("registrar", "min_expires", 60)
request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (is_method("OPTIONS")) {{
        sl_send_reply("200", "OK");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) t_relay();
        else if (is_method("ACK") && t_check_trans()) t_relay();
        else if (!is_method("ACK")) sl_send_reply("404", "Not Here");
        exit;
    }}
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("{REALM}", "{password}", "0")) {{
            www_challenge("{REALM}", "1");
            exit;
        }}
        save("location");
        exit;
    }}
    record_route();
    # From a stranger: a call for the customer.
    if (!($fU =~ "^(\+4930|{customer})") || $rU == "customer") {{
        $ru = "sip:{customer}@{own}";
        if (!lookup("location")) {{
            sl_send_reply("404", "Not Registered");
            exit;
        }}
        $rU = "{customers_number}";
        append_hf("P-Asserted-Identity: <sip:+4940999888@{REALM}>\r\n");
        t_relay();
        exit;
    }}
    if (!pv_proxy_authenticate("{REALM}", "{password}", "0")) {{
        proxy_challenge("{REALM}", "1");
        exit;
    }}
    consume_credentials();
{outward}}}
"#
    )
}

/// Where the customer's calls go, once they are paid for.
fn outward(own: SocketAddr, [first, second]: [SocketAddr; 2]) -> String {
    format!(
        r#"    if ($rU =~ "3$") {{
        append_to_reply("Contact: <sip:+49305551@{own}>\r\n");
        sl_send_reply("302", "Moved Temporarily");
        exit;
    }}
    if ($rU =~ "4$") {{
        append_to_reply("Retry-After: 30\r\n");
        sl_send_reply("503", "Service Unavailable");
        exit;
    }}
    $ru = "sip:subscriber@{first}";
    if ($tU =~ "2$") append_branch("sip:subscriber@{second}");
    if (!t_relay()) sl_reply_error();
"#
    )
}
