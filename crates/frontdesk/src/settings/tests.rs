use super::*;
use frontdesk_identifiers::{TelephoneNumber, TenantId};
use std::net::IpAddr;

fn parse(text: &str) -> Result<Settings, Vec<SettingsFault>> {
    Settings::parse(Path::new("etc/desk.toml"), text)
}

fn faults(text: &str) -> Vec<String> {
    parse(text).expect_err("it must be refused").iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_file_is_a_desk() {
    for settings in [parse("").expect("an empty file"), Settings::empty()] {
        assert_eq!(settings.node.name.as_str(), "frontdesk");
        assert_eq!(settings.rtp.ports, 20_000..=20_999);
        let listen: Vec<String> = settings.sip.listen.iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["udp:0.0.0.0:5060", "udp:[::]:5060"]);
        let directory = settings.directory(|_| None).expect("nothing in it can be wrong");
        let tenants: Vec<&str> = directory.tenants().map(|tenant| tenant.id.as_str()).collect();
        assert_eq!(tenants, ["main"]);
        assert_eq!(directory.phones().count(), 0);
    }
    assert_eq!(parse("").unwrap().node.data, Path::new("etc/data"));
}

#[test]
fn the_example_that_comes_with_the_desk_is_right() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sip-config/frontdesk.toml");
    if !file.exists() {
        println!("skipped: built outside of the project");
        return;
    }
    let settings = Settings::read(&file).expect("the example");
    let directory = settings.directory(|_| Some(NO_SECRET)).expect("the example");
    let main = TenantId::new("main").unwrap();
    let reception = directory.number(&main, &TelephoneNumber::new("100").unwrap()).expect("100 is answered");
    assert_eq!(reception.flow.as_str(), "reception");
    assert!(!reception.record, "recording is off unless somebody wants it");
    assert!(directory.phone_by_account("1001").is_some());
    assert!(directory.phone_by_account("1002").is_some());
    assert_eq!(directory.tenant(&main).unwrap().words["company.name"], "Example");
}

#[test]
fn every_value_is_read() {
    let settings = parse(
        r#"
        node = { name = "desk-1", data = "/var/lib/desk", seed = 42 }
        sip = { listen = "udp:[::1]:0", realm = "office" }
        rtp = { ports = "4000-4001", address = "2001:db8::1" }
        voice.prompts = "prompts"
        ears.model = "/models/big.bin"
        flows.folder = "talks"
        [[tenant]]
        id = "acme"
        locale = "de-DE"
        words = { company.name = "Acme", "opening hours" = "nine to five" }
        [[phone]]
        number = "1001"
        password_file = "secret"
        [[peer]]
        name = "carrier"
        addresses = ["::ffff:192.0.2.1", "2001:db8::2"]
        [[number]]
        number = "+49 30 100"
        flow = "other/night.toml"
        record = true
        "#,
    )
    .expect("it is right");
    assert_eq!(settings.node.seed, Some(42));
    assert_eq!(settings.node.data, Path::new("/var/lib/desk"));
    assert_eq!(settings.sip.listen.len(), 1);
    assert_eq!(settings.rtp.ports, 4000..=4001);
    assert_eq!(settings.rtp.address, "2001:db8::1".parse().ok());
    assert_eq!(settings.prompts.as_deref(), Some(Path::new("etc/prompts")));
    assert_eq!(settings.model.as_deref(), Some(Path::new("/models/big.bin")));
    assert_eq!(settings.tenants[0].words["opening hours"], "nine to five");
    assert_eq!(settings.phones[0].password_file.as_deref(), Some(Path::new("etc/secret")));
    let addresses = ["192.0.2.1", "2001:db8::2"].map(|address| address.parse::<IpAddr>().unwrap());
    assert_eq!(settings.peers[0].addresses, addresses);
    assert_eq!(settings.numbers[0].tenant.as_str(), "acme");
    assert!(settings.numbers[0].record);
    let night = &settings.flows[&settings.numbers[0].flow];
    assert_eq!((night.path.as_path(), night.named_by_path), (Path::new("etc/other/night.toml"), true));
}

#[test]
fn a_flow_by_name_is_looked_for_in_the_folder_of_flows() {
    let settings = parse("[[number]]\nnumber = \"1\"\nflow = \"reception\"").unwrap();
    let file = settings.flows.values().next().unwrap();
    assert_eq!((file.path.as_path(), file.named_by_path), (Path::new("etc/flows/reception.toml"), false));
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_their_lines() {
    let told = faults(
        r#"[sip]
lissen = []
realm = 7
[rpt]
[[phone]]
name = "nobody"
[[phone]]
number = "10o1"
[[number]]
number = "100"
flow = "Reception"
"#,
    );
    assert_eq!(
        told,
        [
            "etc/desk.toml:2: unknown key `lissen` in [sip]; did you mean `listen`?",
            "etc/desk.toml:3: `realm` must be a text, and is a whole number",
            "etc/desk.toml:4: unknown key `rpt` in the settings; did you mean `rtp`?",
            "etc/desk.toml:5: [[phone]] needs `number`",
            "etc/desk.toml:8: `number`: `10o1` is no telephone number: only digits, '*', '#' and a leading '+' may stand in it",
            "etc/desk.toml:11: `flow`: `Reception` is no flow name: only a-z, 0-9, '-', '_' and '.' may stand in it, and no '.' first",
        ]
    );
}

#[test]
fn a_key_that_is_like_no_other_is_told_what_is_known() {
    let told = faults("[voice]\nlanguage = \"en\"");
    assert_eq!(told, ["etc/desk.toml:2: unknown key `language` in [voice]; known are prompts"]);
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let told = faults("[sip]\nrealm = \"open\nlisten = [\n");
    assert!(told.iter().any(|fault| fault.starts_with("etc/desk.toml:2: ")), "{told:?}");
}

#[test]
fn what_contradicts_itself_names_the_second_line() {
    let told = faults(
        r#"[[phone]]
number = "1001"
[[phone]]
number = "1001"
[[peer]]
name = "a"
addresses = ["192.0.2.1"]
[[peer]]
name = "b"
addresses = ["::ffff:192.0.2.1"]
[[number]]
number = "1001"
flow = "x"
[[number]]
number = "1"
flow = "elsewhere/x.toml"
[[phone]]
tenant = "nobody"
number = "7"
"#,
    );
    let lines: Vec<&str> = told.iter().map(|fault| fault.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["3", "8", "11", "16"], "{told:#?}");
    assert!(told[0].contains("phone 1001 is listed twice"));
    assert!(told[1].contains("belongs to the peers `a` and `b`"));
    assert!(told[2].contains("both a phone and a number"));
    assert!(told[3].contains("is `etc/flows/x.toml` already"));
    let told = faults("[[phone]]\ntenant = \"nobody\"\nnumber = \"7\"");
    assert_eq!(told, ["etc/desk.toml:1: phone 7 belongs to the tenant `nobody`, which is not listed"]);
}

#[test]
fn several_tenants_must_be_named_and_share_no_account() {
    let two = "[[tenant]]\nid = \"a\"\n[[tenant]]\nid = \"b\"\n";
    let told = faults(&format!("{two}[[phone]]\nnumber = \"1\"\n"));
    assert_eq!(told, ["etc/desk.toml:5: [[phone]] needs `tenant`, because more than one tenant is listed"]);
    let phone = |tenant| format!("[[phone]]\ntenant = \"{tenant}\"\nnumber = \"1\"\n");
    let told = faults(&format!("{two}{}{}", phone("a"), phone("b")));
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("etc/desk.toml:8: phone 1 is listed by the tenants `a` and `b`"), "{told:?}");
    let told = faults("[[tenant]]\n[[tenant]]\nid = \"b\"\n");
    assert_eq!(told, ["etc/desk.toml:1: [[tenant]] needs `id`"]);
}

#[test]
fn values_that_cannot_work_are_refused() {
    for (text, advice) in [
        ("[rtp]\nports = \"20999-20000\"", "a range with room"),
        ("[rtp]\nports = \"5001-5002\"", "a range with room"),
        ("[rtp]\nports = \"70000-70001\"", "a range with room"),
        ("[rtp]\nports = 5", "a range with room"),
        ("[rtp]\none_port = 5005", "one even port"),
        ("[rtp]\none_port = 70000", "one even port"),
        ("[rtp]\nports = \"5004-5005\"\none_port = 5004", "instead of `ports`"),
        ("[rtp]\naddress = \"0.0.0.0\"", "an IP address of this machine"),
        ("[sip]\nlisten = [\"sctp:1.2.3.4:5060\"]", "the transport of a listen address is"),
        ("[sip]\nlisten = [\"tls:1.2.3.4:5061\"]", "[tls] names no `certificate`"),
        ("[sip]\nlisten = []", "at least one address"),
        ("[sip]\nlisten = [\"udp:1.2.3.4:1\", \"udp:1.2.3.4:1\"]", "listed twice"),
        ("[sip]\nrealm = \"a\\\"b\"", "without quotation marks"),
        ("[sip]\ndigest = [\"SHA-1\"]", "SHA-256, MD5 or both"),
        ("[sip]\ndigest = [\"MD5\", \"md5\"]", "SHA-256, MD5 or both"),
        ("[sip]\ndigest = []", "SHA-256, MD5 or both"),
        ("[node]\nseed = -1", "0 or more"),
        ("[node]\nname = \"Desk One\"", "node name"),
        ("[[peer]]\nname = \"p\"\naddresses = [\"sip.example\"]", "IP addresses without port"),
        ("[[peer]]\nname = \"p\"\naddresses = []", "neither an address"),
        ("phone = 1", "write it with two brackets"),
        ("sip = 1", "must be a table"),
        ("[[tenant]]\nwords.company = 1", "must be a text"),
    ] {
        let told = faults(text);
        assert!(told.len() == 1 && told[0].contains(advice), "{text}: {told:?}");
    }
}

#[test]
fn one_port_may_serve_all_calls() {
    assert_eq!(parse("[rtp]\none_port = 5004").unwrap().rtp.one_port, Some(5004));
    assert_eq!(parse("").unwrap().rtp.one_port, None);
}

#[test]
fn any_free_ports_may_be_asked_for() {
    for ports in ["0", "\"0\"", "\"0-0\""] {
        assert_eq!(parse(&format!("[rtp]\nports = {ports}")).unwrap().rtp.ports, 0..=0);
    }
    assert!(parse("[sip]\nlisten = [\"udp:127.0.0.1:0\", \"udp:127.0.0.1:0\"]").is_ok());
}

#[test]
fn a_phone_without_a_secret_is_no_directory() {
    let settings = parse("[[phone]]\nnumber = \"1001\"").unwrap();
    let told = settings.directory(|_| None).expect_err("it has no secret");
    assert!(told[0].to_string().ends_with("run `frontdesk phones reset 1001`"), "{told:?}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let told = Settings::read(Path::new("/nowhere/desk.toml")).expect_err("it is not there");
    assert!(told[0].to_string().starts_with("/nowhere/desk.toml: the settings cannot be read"));
}

#[test]
fn a_trunk_takes_from_its_profile_what_it_does_not_say_itself() {
    let settings = parse(
        r#"
[[tenant]]
id = "main"
country = "DE"
area_code = "030"
[[trunk]]
name = "carrier"
profile = "sipgate"
user = "1234567t0"
password_file = "carrier.password"
number = "+49301234560"
transport = "tls"
calls = 4
"#,
    )
    .expect("it is right");
    let listed = &settings.trunks[0];
    let trunk = &listed.trunk;
    assert_eq!(trunk.host, "sipconnect.sipgate.de");
    assert_eq!(trunk.transport, Some(frontdesk_directory::TrunkTransport::Tls), "its own word wins");
    assert_eq!(trunk.limits.calls, Some(4));
    assert_eq!(trunk.presentation.identity, frontdesk_directory::IdentityForm::Preferred);
    assert_eq!(trunk.register.as_ref().map(|register| register.expires.as_secs()), Some(600));
    assert_eq!((trunk.plan.country_code.as_str(), trunk.plan.area_code.as_deref()), ("49", Some("30")));
    assert_eq!(trunk.plan.outward, frontdesk_directory::NumberForm::Digits);
    assert!(trunk.plan.emergency.contains(&TelephoneNumber::new("110").unwrap()));
    assert_eq!(listed.password_file.as_deref(), Some(Path::new("etc/carrier.password")));
    assert_eq!(listed.profile.as_ref().unwrap().1, "sipgate trunking");
    assert!(settings.directory(|_| None).unwrap().trunk("carrier").is_some());
    let told = settings.with_passwords().expect_err("the file is not there");
    assert!(
        told[0].to_string().starts_with("etc/desk.toml:6: `password_file`: etc/carrier.password"),
        "{told:?}"
    );
}

#[test]
fn what_is_wrong_with_a_trunk_is_said_with_its_line_and_what_to_do() {
    for (text, line, advice) in [
        ("[[trunk]]\nname = \"c\"\nprofile = \"sipgat\"", 3, "did you mean `sipgate`?"),
        ("[[trunk]]\nname = \"c\"\nprofile = \"voice-o-matic\"", 3, "known are 3cx, asterisk"),
        ("[[trunk]]\nname = \"c\"", 1, "needs `host`"),
        ("[[trunk]]\nhost = \"sip.example\"", 1, "needs `name`"),
        ("[[trunk]]\nname = \"c\"\nhost = \"sip:sip.example\"", 3, "without `sip:`"),
        ("[[trunk]]\nname = \"c\"\nhost = \"sip.example\"\nregister = true", 1, "needs `user`"),
        ("[[trunk]]\nname = \"c\"\nhost = \"sip.example\"\nuser = \"u\"", 1, "needs `password_file`"),
        ("[[trunk]]\nname = \"c\"\nhost = \"sip.example\"\npassword = \"secret\"", 4, "in a file of its own"),
        (
            "[[trunk]]\nname = \"c\"\nprofile = \"twilio\"",
            1,
            "the profile of Twilio Elastic SIP Trunking needs `host`",
        ),
        (
            "[[trunk]]\nname = \"c\"\nhost = \"h\"\nidentity = \"pai\"",
            4,
            "from, asserted, preferred or remote-party",
        ),
        ("[[trunk]]\nname = \"c\"\nhost = \"h\"\nexpires = 5", 4, "seconds, from 60"),
        ("[[trunk]]\nname = \"c\"\nhost = \"h\"\nquirks.no_updates = true", 4, "did you mean `no_update`?"),
        ("[[trunk]]\nname = \"c\"\nhost = \"h\"\nnumber = \"030\"", 1, "international form"),
        ("[[trunk]]\nname = \"c\"\nprofile = \"mine.toml\"", 3, "etc/mine.toml cannot be read"),
        ("[[tenant]]\ncountry = \"Germany\"", 2, "two letters"),
        ("[[phone]]\nnumber = \"1\"\ndirect = \"030\"", 1, "international form"),
        ("[sip]\nexternal = \"203.0.113.5:5060\"", 2, "an IP address without port"),
        ("[sip]\nstun = \"stun.example\"", 2, "a host and its port"),
        ("[sip]\nexternal = \"203.0.113.5\"\nstun = \"s:1\"", 3, "left out"),
        ("[sip]\ninside = [\"10.0.0.0/33\"]", 2, "networks such as"),
        ("[sip]\nsession_timer = 30", 2, "from 90"),
        ("[sip]\nlockout = 0", 2, "from 1"),
        ("[tls]\ncertificate = \"c.pem\"", 1, "needs `key`"),
        ("[dns]\nservers = [\"dns.example\"]", 2, "IP addresses"),
    ] {
        let told = faults(text);
        assert_eq!(told.len(), 1, "{text}: {told:#?}");
        assert!(
            told[0].starts_with(&format!("etc/desk.toml:{line}: ")) && told[0].contains(advice),
            "{text}: {told:?}"
        );
        assert!(!told[0].contains("secret"), "{told:?}");
    }
}

#[test]
fn a_profile_of_ones_own_is_read_and_its_faults_name_its_own_lines() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.toml");
    std::fs::write(&own, "title = \"Own\"\nhost = \"sip.example\"\nregister = true\nneeds = [\"user\"]\n")
        .unwrap();
    let text = "[[trunk]]\nname = \"c\"\nprofile = \"own.toml\"\nuser = \"u\"\npassword_file = \"p\"\n";
    let settings = Settings::parse(&folder.path().join("desk.toml"), text).expect("it is right");
    assert_eq!(settings.trunks[0].trunk.host, "sip.example");
    std::fs::write(folder.path().join("p"), "open sesame\n").unwrap();
    let account = settings.with_passwords().unwrap().trunks[0].trunk.account.clone().unwrap();
    assert_eq!(account.password, "open sesame");
    std::fs::write(folder.path().join("p"), "\n").unwrap();
    assert!(
        settings.with_passwords().expect_err("it is empty")[0].to_string().contains("write the password")
    );
    std::fs::write(&own, "title = \"Own\"\nhots = \"sip.example\"\n").unwrap();
    let told = Settings::parse(&folder.path().join("desk.toml"), text).expect_err("it is wrong");
    assert!(
        told.iter().any(|fault| fault.to_string().contains("own.toml:2: unknown key `hots`")),
        "{told:?}"
    );
}

#[test]
fn the_outside_address_is_told_to_those_outside() {
    let settings =
        parse("[sip]\nexternal = \"203.0.113.5\"\nsession_timer = 0\nfailed_passwords = 3").unwrap();
    let external = settings.sip.external_address(None).expect("it is configured");
    assert_eq!(external.ip, "203.0.113.5".parse::<IpAddr>().unwrap());
    assert!(external.inside.contains(&("192.168.0.0".parse().unwrap(), 16)));
    assert_eq!((settings.sip.session_timer, settings.sip.failed_digests_max), (None, 3));
    let learnt = parse("[sip]\nstun = \"192.0.2.1:3478\"\ninside = [\"192.0.2.0/24\"]").unwrap();
    assert_eq!(learnt.sip.external_address(None), None, "nothing is learnt yet");
    let external = learnt.sip.external_address("203.0.113.9".parse().ok()).unwrap();
    assert_eq!(external.inside, [("192.0.2.0".parse().unwrap(), 24)]);
    assert_eq!(parse("").unwrap().sip.external_address("203.0.113.9".parse().ok()), None);
}

#[test]
fn a_peer_is_known_by_its_addresses_or_by_its_certificate() {
    let settings =
        parse("[[peer]]\nname = \"pbx\"\ncertificate_names = [\"PBX.example\"]").expect("right settings");
    assert_eq!(settings.peers[0].certificate_names, ["pbx.example"]);
    assert!(settings.peers[0].addresses.is_empty());
    assert!(faults("[[peer]]\nname = \"pbx\"")[0].contains("`addresses`"));
    let nobody = faults("[[peer]]\nname = \"pbx\"\naddresses = []");
    assert!(nobody[0].contains("neither an address nor a certificate"), "{nobody:?}");
}

#[test]
fn what_the_desk_calls_itself_is_one_line_and_may_be_nothing() {
    let product = |text: &str| parse(text).map(|settings| settings.sip.product).expect("right settings");
    assert_eq!(product(""), "frontdesk");
    assert_eq!(product("[sip]\nproduct = \"Example PBX\""), "Example PBX");
    assert_eq!(product("[sip]\nproduct = \"\""), "");
    assert!(faults("[sip]\nproduct = \"a\\r\\nEvil: yes\"")[0].contains("`product`"));
}

#[test]
fn each_telephone_peer_and_trunk_says_whether_its_sound_is_encrypted() {
    use frontdesk_directory::Encryption;
    let settings = parse(
        r#"
        [[phone]]
        number = "1001"
        srtp = "offered"
        [[phone]]
        number = "1002"
        [[peer]]
        name = "pbx"
        addresses = ["192.0.2.10"]
        srtp = "required"
        [[trunk]]
        name = "carrier"
        host = "sip.example.net"
        srtp = "required"
    "#,
    )
    .unwrap();
    let directory = settings.directory(|_| Some(NO_SECRET)).unwrap();
    assert_eq!(directory.phone_by_account("1001").unwrap().srtp, Encryption::Offered);
    assert_eq!(directory.phone_by_account("1002").unwrap().srtp, Encryption::Off);
    assert_eq!(directory.peer("pbx").unwrap().srtp, Encryption::Required);
    assert_eq!(directory.trunk("carrier").unwrap().srtp, Encryption::Required);
    let told = settings.warnings();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("etc/desk.toml:2: phone 1001: "), "{told:?}");
    let wrong = faults("[[phone]]\nnumber = \"1001\"\nsrtp = \"maybe\"");
    assert!(
        wrong[0].starts_with("etc/desk.toml:3: ") && wrong[0].contains("off, offered or required"),
        "{wrong:?}"
    );
}

#[test]
fn each_telephone_peer_and_trunk_says_which_codecs_it_may_speak() {
    use frontdesk_directory::SoundCodec::{G722, Opus, Pcma};
    let settings = parse(
        r#"
        [[phone]]
        number = "1001"
        codecs = ["Opus", "pcma"]
        [[phone]]
        number = "1002"
        [[peer]]
        name = "pbx"
        addresses = ["192.0.2.10"]
        codecs = "g722"
        [[trunk]]
        name = "carrier"
        host = "sip.example.net"
        codecs = ["pcma"]
    "#,
    )
    .unwrap();
    let directory = settings.directory(|_| Some(NO_SECRET)).unwrap();
    assert_eq!(directory.phone_by_account("1001").unwrap().codecs, Some(vec![Opus, Pcma]));
    assert_eq!(directory.phone_by_account("1002").unwrap().codecs, None);
    assert_eq!(directory.peer("pbx").unwrap().codecs, Some(vec![G722]));
    assert_eq!(directory.trunk("carrier").unwrap().codecs, Some(vec![Pcma]));
    for (codecs, said) in [("[\"g729\"]", "g729"), ("[]", "each once"), ("[\"pcma\", \"pcma\"]", "each once")]
    {
        let wrong = faults(&format!("[[phone]]\nnumber = \"1001\"\ncodecs = {codecs}"));
        assert!(wrong[0].starts_with("etc/desk.toml:") && wrong[0].contains(said), "{wrong:?}");
    }
}
