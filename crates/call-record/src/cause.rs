//! Why a call failed, or why somebody in it heard nothing: a closed table, each with what to do.

/// What the doctor found. A line of it says what is wrong; [`remedy`](Cause::remedy) says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// SDP names a private address, though the call came from a public one.
    PrivateAddress,
    /// The answer was never acknowledged.
    NoAck,
    /// Datagrams come, but none of them is sound of this stream.
    StrangeSource,
    /// One party's sound never came.
    OneWay,
    /// No sound came from anybody.
    NoSound,
    /// The two sides speak no codec in common.
    NoCommonCodec,
    /// Only encrypted sound was offered.
    EncryptionOnly,
    /// Only plain sound was offered, where it must be encrypted.
    PlainOnly,
    /// The description of the sound cannot be used.
    BadDescription,
    /// The other side asks for a password again and again, or does not take this side's.
    WrongPassword,
    /// A certificate is expired, unknown or for another name.
    Certificate,
    /// The trunk has as many calls as it may have.
    TrunkLimit,
    /// The trunk does not answer, or its registration does not stand.
    TrunkDown,
    /// The name of the other side leads nowhere.
    NameNotFound,
    /// The called telephone is not registered.
    NotRegistered,
    /// The called telephone is registered, but does not answer what is sent to it.
    BindingLost,
    /// The called side does not know the number.
    UnknownNumber,
    /// The network said that nobody is there.
    NetworkRefused,
    /// No sign of life came within the session's time.
    SessionExpired,
    /// The other side does not know the call any more.
    DialogLost,
    /// The other side does not take a change of the sound while the call stands.
    NoReoffer,
    /// This machine has no room: ports, calls or a limit.
    NoRoom,
}

impl Cause {
    /// Every cause, in the order of the table.
    pub const ALL: [Cause; 22] = [
        Cause::PrivateAddress,
        Cause::NoAck,
        Cause::StrangeSource,
        Cause::OneWay,
        Cause::NoSound,
        Cause::NoCommonCodec,
        Cause::EncryptionOnly,
        Cause::PlainOnly,
        Cause::BadDescription,
        Cause::WrongPassword,
        Cause::Certificate,
        Cause::TrunkLimit,
        Cause::TrunkDown,
        Cause::NameNotFound,
        Cause::NotRegistered,
        Cause::BindingLost,
        Cause::UnknownNumber,
        Cause::NetworkRefused,
        Cause::SessionExpired,
        Cause::DialogLost,
        Cause::NoReoffer,
        Cause::NoRoom,
    ];

    /// What is wrong, in a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Cause::PrivateAddress => "sound is wanted at a private address",
            Cause::NoAck => "the answer was never acknowledged",
            Cause::StrangeSource => "datagrams come, but they are not this call's sound",
            Cause::OneWay => "one party's sound never came",
            Cause::NoSound => "no sound came from anybody",
            Cause::NoCommonCodec => "no codec in common",
            Cause::EncryptionOnly => "the other side wants encrypted sound only",
            Cause::PlainOnly => "the other side's sound is not encrypted, and must be",
            Cause::BadDescription => "the description of the sound cannot be used",
            Cause::WrongPassword => "the other side does not take the name and password",
            Cause::Certificate => "a certificate is expired, unknown or for another name",
            Cause::TrunkLimit => "the trunk has as many calls as it may have",
            Cause::TrunkDown => "the trunk does not answer",
            Cause::NameNotFound => "the other side's name leads nowhere",
            Cause::NotRegistered => "the called telephone is not registered",
            Cause::BindingLost => "the called telephone is registered, but does not answer",
            Cause::UnknownNumber => "the called side does not know the number",
            Cause::NetworkRefused => "the network refused what was sent",
            Cause::SessionExpired => "no sign of life came within the session's time",
            Cause::DialogLost => "the other side does not know the call any more",
            Cause::NoReoffer => "the other side does not take a change of the sound",
            Cause::NoRoom => "the desk has no room",
        }
    }

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Cause::PrivateAddress => {
                "set the external address (STUN) on that telephone or PBX, or put it behind an SBC"
            }
            Cause::NoAck => {
                "the other side does not reach this side's Contact: set the desk's external address, open the SIP port, \
                 and switch SIP ALG off in the router"
            }
            Cause::StrangeSource => {
                "look for a router or SBC that sends RTP from another port or with another payload than its SDP says"
            }
            Cause::OneWay => {
                "open the desk's RTP port range to that side, set the desk's external address, and look for a muted or \
                 wrongly bound microphone there"
            }
            Cause::NoSound => {
                "open the RTP port range in the firewall and set the desk's external address: sound is told to come there"
            }
            Cause::NoCommonCodec => "allow PCMU or PCMA (G.711) on the other side",
            Cause::EncryptionOnly => {
                "let both sides encrypt the same way: srtp = \"offered\" here, SDES (a=crypto) with a usual suite there"
            }
            Cause::PlainOnly => {
                "switch SRTP with SDES (a=crypto) on at the other side, or set srtp = \"offered\" here"
            }
            Cause::BadDescription => {
                "look at the SDP in a capture: it must name one audio stream with an IP address"
            }
            Cause::WrongPassword => {
                "check the account's user, auth user and password, and the realm that the other side asks for"
            }
            Cause::Certificate => "renew it, or add the authority or the name to what is trusted",
            Cause::TrunkLimit => "raise the trunk's limit if the carrier grants more calls, or add a trunk",
            Cause::TrunkDown => {
                "look at the trunk's registration and probes; is the carrier's address reachable from here?"
            }
            Cause::NameNotFound => "check the host name and this machine's name servers",
            Cause::NotRegistered => {
                "is it switched on, with the right account and the desk's address as registrar?"
            }
            Cause::BindingLost => {
                "the router forgot the way to it: shorten its registration to 60 s, or register over TCP or TLS"
            }
            Cause::UnknownNumber => "check the number and how the trunk writes numbers",
            Cause::NetworkRefused => {
                "is the other side's program running, and its port open for this machine?"
            }
            Cause::SessionExpired => {
                "the other side vanished, or its refreshes are filtered: look at its network, or switch session timers off there"
            }
            Cause::DialogLost => "it was restarted, or a proxy in between lost the route of the call",
            Cause::NoReoffer => {
                "hold and transfers may leave it silent: update it, or let it speak PCMU or PCMA throughout"
            }
            Cause::NoRoom => "raise the limit of calls or the RTP port range",
        }
    }
}
