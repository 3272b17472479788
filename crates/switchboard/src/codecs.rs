//! What sound may be coded in on a leg.

use crate::desk::Desk;
use crate::routing::Party;
use crate::trunk::OverTrunk;
use frontdesk_call_record::AdmittedBy;
use frontdesk_directory::SoundCodec;
use frontdesk_identifiers::TelephoneNumber;
use frontdesk_media_protocol::Codec;

/// For a telephone: what sounds best, then what all have.
const OF_TELEPHONES: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];
/// For a carrier or a PBX, behind which the telephone network mostly is: what that has, so that nothing is coded twice.
const OF_TRUNKS: [Codec; 4] = [Codec::Pcma, Codec::Pcmu, Codec::G722, Codec::Opus];

/// On the leg of somebody who calls.
pub(crate) fn of_party(party: &Party, desk: &Desk<'_>) -> Vec<Codec> {
    let directory = &desk.rules.directory;
    match &party.admitted_by {
        AdmittedBy::Account(account) => {
            let phone = directory.phone_by_account(account);
            listed(phone.and_then(|phone| phone.codecs.as_deref()), OF_TELEPHONES)
        }
        AdmittedBy::Peer(name) => {
            let peer = directory.peer(name).and_then(|peer| peer.codecs.as_deref());
            let trunk = || directory.trunk(name).and_then(|trunk| trunk.codecs.as_deref());
            listed(peer.or_else(trunk), OF_TRUNKS)
        }
        AdmittedBy::Desk => OF_TELEPHONES.to_vec(),
    }
}

/// On the leg of somebody who is called.
pub(crate) fn of_called(
    phone: Option<&TelephoneNumber>,
    over: Option<&OverTrunk>,
    desk: &Desk<'_>,
) -> Vec<Codec> {
    if let Some(over) = over {
        return listed(over.trunk.codecs.as_deref(), OF_TRUNKS);
    }
    let phone = phone.and_then(|number| desk.rules.directory.phone_by_account(number.as_str()));
    listed(phone.and_then(|phone| phone.codecs.as_deref()), OF_TELEPHONES)
}

/// The same, this one first if it is among them: what both legs of a call speak is passed on as it comes.
pub(crate) fn first(codec: Option<Codec>, codecs: &[Codec]) -> Vec<Codec> {
    let (mut chosen, others): (Vec<Codec>, Vec<Codec>) = codecs.iter().partition(|one| Some(**one) == codec);
    chosen.extend(others);
    chosen
}

fn listed(codecs: Option<&[SoundCodec]>, default: [Codec; 4]) -> Vec<Codec> {
    codecs.map_or_else(|| default.to_vec(), |codecs| codecs.iter().map(|codec| spoken(*codec)).collect())
}

fn spoken(codec: SoundCodec) -> Codec {
    match codec {
        SoundCodec::Opus => Codec::Opus,
        SoundCodec::G722 => Codec::G722,
        SoundCodec::Pcma => Codec::Pcma,
        SoundCodec::Pcmu => Codec::Pcmu,
    }
}
