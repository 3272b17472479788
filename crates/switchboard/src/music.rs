//! Music for whoever is held.
//!
//! A telephone of the house that holds sends nothing worth hearing: the one that it talks with hears the desk's music, from
//! its beginning, until the telephone is back or the two part. A trunk or a PBX that holds by `sendonly` sends music of its
//! own, which is left to be heard; only who holds by `inactive` is stood in for.

use crate::call::Call;
use crate::desk::Desk;
use frontdesk_call_record::Notice;
use frontdesk_identifiers::LegId;
use frontdesk_media_protocol::{MediaCommand, Source};

impl Call {
    /// A party held, or is back.
    pub fn hold_changed(&mut self, holder: LegId, notice: Notice, desk: &mut Desk<'_>) {
        match notice {
            Notice::Held => self.begin_music(holder, desk),
            _ => self.stop_music(desk),
        }
    }

    fn begin_music(&mut self, holder: LegId, desk: &mut Desk<'_>) {
        let Some(joined) = self.joined.filter(|_| desk.rules.hold_music && self.music.is_none()) else {
            return;
        };
        let hearer = if holder == self.caller.id { joined } else { self.caller.id };
        let plays_itself = self.leg_mut(holder).is_none_or(|leg| {
            leg.phone.is_none() && leg.agreed.is_some_and(|audio| audio.direction.receives())
        });
        if hearer == holder || plays_itself {
            return;
        }
        let playback = desk.out.playback();
        desk.out.media(MediaCommand::Play { leg: hearer, playback, source: Source::Music });
        self.music = Some((hearer, playback));
    }

    /// Nobody is held any more.
    pub fn stop_music(&mut self, desk: &mut Desk<'_>) {
        if let Some((leg, playback)) = self.music.take() {
            desk.out.media(MediaCommand::StopPlayback { leg, playback });
        }
    }
}
