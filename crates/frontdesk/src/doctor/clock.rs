//! Whether the clock is right: certificates and signed caller numbers are judged by it, and records are dated.

use super::Finding;
use crate::settings::Settings;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Midnight of 1 January 2026: no program of this version ran before.
const BUILT_S: u64 = 1_767_225_600;
/// And none will twenty years later.
const SPAN_S: u64 = 20 * 366 * 86_400;
/// From 1900, where NTP counts from, to 1970 (RFC 5905 §6).
const NTP_TO_UNIX_S: u64 = 2_208_988_800;
const NTP_PORT: u16 = 123;
const ANSWER: Duration = Duration::from_secs(3);
/// Beyond this, records of several machines cannot be laid side by side.
const NEAR_MS: i64 = 1_000;
/// Beyond this, signed caller numbers are refused: RFC 8224 §4 lets a minute pass.
const FAR_MS: i64 = 50_000;

pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut findings = vec![sane(now)];
    if let Some(server) = &settings.time_server {
        findings.push(measured(server, ask(server).await));
    }
    findings
}

fn sane(now: Duration) -> Finding {
    let seconds = now.as_secs();
    if seconds < BUILT_S {
        let found = format!("it says {seconds} s after 1970, before this program was written");
        return Finding::fail("clock", found, "set it, and let NTP keep it (`timedatectl set-ntp true`)");
    }
    if seconds > BUILT_S + SPAN_S {
        return Finding::fail("clock", "it is decades ahead", "set it, and let NTP keep it");
    }
    Finding::ok("clock", "plausible")
}

fn measured(server: &str, answer: Result<i64, String>) -> Finding {
    let what = format!("clock against {server}");
    match answer {
        Err(why) => Finding::warn(what, why, "see [clock] server, and whether UDP port 123 is let out"),
        Ok(off) if off.abs() <= NEAR_MS => Finding::ok(what, format!("{off} ms off")),
        Ok(off) if off.abs() <= FAR_MS => {
            Finding::warn(what, format!("{off} ms off"), "let NTP keep it (`timedatectl set-ntp true`)")
        }
        Ok(off) => Finding::fail(
            what,
            format!("{off} ms off"),
            "set it: certificates and signed numbers are refused",
        ),
    }
}

/// How far this clock is behind that server's, in milliseconds (RFC 4330 §5).
async fn ask(server: &str) -> Result<i64, String> {
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().map_err(|_| "its port is no number".to_owned())?)
        }
        _ => (server, NTP_PORT),
    };
    let remote = frontdesk_sip_transport::resolve(host, port).await.map_err(|fault| fault.to_string())?;
    let any = if remote.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let exchange = async {
        let socket = tokio::net::UdpSocket::bind(any).await?;
        socket.connect(remote).await?;
        // Version 4, client.
        let mut question = [0; 48];
        question[0] = 0x23;
        let sent = SystemTime::now();
        socket.send(&question).await?;
        let mut answer = [0; 128];
        let length = socket.recv(&mut answer).await?;
        Ok::<_, std::io::Error>((sent, SystemTime::now(), answer.get(..length).unwrap_or_default().to_vec()))
    };
    let (sent, came, answer) = tokio::time::timeout(ANSWER, exchange)
        .await
        .map_err(|_| "it does not answer".to_owned())?
        .map_err(|error| error.to_string())?;
    offset_ms(sent, came, &answer).ok_or_else(|| "its answer is no time".to_owned())
}

fn offset_ms(sent: SystemTime, came: SystemTime, answer: &[u8]) -> Option<i64> {
    // Mode 4 is a server's answer; stratum 0 refuses.
    if answer.len() < 48 || answer.first()? & 7 != 4 || *answer.get(1)? == 0 {
        return None;
    }
    let (received, transmitted) = (stamp_ms(answer.get(32..40)?)?, stamp_ms(answer.get(40..48)?)?);
    let ms = |time: SystemTime| {
        time.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_millis()).ok())
    };
    Some(((received - ms(sent)?) + (transmitted - ms(came)?)) / 2)
}

/// An NTP timestamp in milliseconds after 1970.
fn stamp_ms(bytes: &[u8]) -> Option<i64> {
    let stamp = u64::from_be_bytes(bytes.try_into().ok()?);
    let seconds = (stamp >> 32).checked_sub(NTP_TO_UNIX_S)?;
    let fraction_ms = ((stamp & 0xffff_ffff) * 1_000) >> 32;
    i64::try_from(seconds * 1_000 + fraction_ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn server_says(ahead: Duration) -> impl Fn(SystemTime) -> [u8; 48] {
        move |now| {
            let since = now.duration_since(UNIX_EPOCH).unwrap() + ahead;
            let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
            let stamp = ((since.as_secs() + NTP_TO_UNIX_S) << 32 | fraction).to_be_bytes();
            let mut answer = [0; 48];
            (answer[0], answer[1]) = (0x24, 2);
            answer[32..40].copy_from_slice(&stamp);
            answer[40..48].copy_from_slice(&stamp);
            answer
        }
    }

    #[test]
    fn the_offset_is_what_the_server_is_ahead() {
        let sent = UNIX_EPOCH + Duration::from_secs(BUILT_S);
        let came = sent + Duration::from_millis(40);
        let answer = server_says(Duration::from_secs(90))(sent + Duration::from_millis(20));
        let off = offset_ms(sent, came, &answer).expect("it tells the time");
        // The stamp's fraction does not hit the millisecond.
        assert!((89_999..=90_000).contains(&off), "{off}");
        let mut refusal = answer;
        refusal[1] = 0;
        assert_eq!(offset_ms(sent, came, &refusal), None, "a kiss of death tells no time");
        assert_eq!(offset_ms(sent, came, &answer[..47]), None);
    }

    #[tokio::test]
    async fn a_clock_that_is_minutes_off_fails_and_one_that_is_right_does_not() {
        let server = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            for ahead in [0, 300] {
                let (_, from) = server.recv_from(&mut [0; 64]).await.unwrap();
                let answer = server_says(Duration::from_secs(ahead))(SystemTime::now());
                server.send_to(&answer, from).await.unwrap();
            }
        });
        let right = measured(&address, ask(&address).await);
        assert_eq!(right.verdict, Verdict::Ok, "{right}");
        let wrong = measured(&address, ask(&address).await);
        assert_eq!(wrong.verdict, Verdict::Fail, "{wrong}");
    }

    #[test]
    fn a_machine_that_woke_up_in_1970_is_told_so() {
        assert_eq!(sane(Duration::from_secs(5_000)).verdict, Verdict::Fail);
        assert_eq!(sane(Duration::from_secs(BUILT_S + 1)).verdict, Verdict::Ok);
    }
}
