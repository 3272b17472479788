//! Past the tick: what one party says goes to the other as it comes.

use super::{MediaSilence, Port};
use crate::relay::{LONGEST_SILENCE, LOUD_TICKS};
use crate::status::Reporter;
use crate::wire::Wire;
use frontdesk_audio::{MediaTick, level_dbov};
use frontdesk_identifiers::{Moment, WallTime};
use frontdesk_media_protocol::Codec;
use frontdesk_rtp_session::secure::Room;
use frontdesk_rtp_session::{MAX_PACKET_BYTES, Passage, Played};
use std::net::SocketAddr;
use std::time::Duration;

/// What is softer, in dB below full scale, is quiet enough to change encoders in.
const QUIET_DBOV: u8 = 45;

impl<L> Port<L> {
    /// Whether what this leg's party says is passed on unheard.
    pub(crate) fn passes_on(&self) -> bool {
        self.relay.passes_on()
    }

    /// Whether nobody but `to` needs what this leg's party says, and `to` can do with it as it is.
    pub(crate) fn could_pass_on(&self, to: &Port<L>, now: Moment) -> bool {
        let (Some(here), Some(there)) = (self.agreed, to.agreed) else { return false };
        let same = here.codec == there.codec && here.packet_ms == there.packet_ms;
        let wanted = here.direction.receives() || !there.direction.sends();
        let free = self.listening.is_none() && self.recorder.is_none() && to.recorder.is_none();
        let quiet = to.playback.is_none() && !to.sends_keys();
        same && wanted && free && quiet && (!there.direction.sends() || self.is_flowing(now))
    }

    fn sends_keys(&self) -> bool {
        self.stream.sends_digits() || self.keys.is_busy()
    }

    fn is_flowing(&self, now: Moment) -> bool {
        matches!(self.silence, MediaSilence::Since(since) if self.spoken_to && now.since(since) < LONGEST_SILENCE)
    }

    /// Begins to pass on to `to`, if that is possible without a click; both have had their tick in this turn.
    pub(crate) fn begin_relay<W: Wire<Line = L>>(&mut self, to: &mut Port<L>, now: Moment, wire: &mut W) {
        if !to.agreed.is_some_and(|audio| audio.direction.sends()) {
            self.stream.begin_ignoring(now);
            self.relay.begin();
            return;
        }
        let sounds = matches!(self.heard.played, Played::Frame { .. });
        if !sounds || to.relay.has_gap() || !self.relay.keys_are_over(now) || !self.may_change_encoder() {
            return;
        }
        let Some(from) = self.stream.begin_passing_on(now) else { return };
        to.send_rest(now, wire);
        to.stream.begin_relayed(from, MediaTick(to.ticks + 1));
        self.relay.begin();
        let mut room = [0; MAX_PACKET_BYTES];
        while let Some(packet) = self.stream.take_waiting(&mut room) {
            to.pass(&packet, now, wire);
        }
    }

    /// G.711 knows nothing of what came before; the other codecs' decoders hear a change where it is loud.
    fn may_change_encoder(&mut self) -> bool {
        if self.agreed.is_some_and(|audio| matches!(audio.codec, Codec::Pcmu | Codec::Pcma)) {
            return true;
        }
        self.relay.loud_ticks += 1;
        let quiet = level_dbov(self.heard.frame.samples()) >= QUIET_DBOV;
        quiet || self.relay.loud_ticks >= LOUD_TICKS
    }

    /// The party is heard here again, from its next packet on.
    pub(crate) fn end_relay(&mut self, to: Option<&mut Port<L>>) {
        if self.passes_on() {
            self.relay.end();
            self.stream.end_passing_on();
            if let Some(to) = to {
                to.relay.await_sound(to.partner);
            }
        }
    }

    /// After passing on: whether this tick is left out, because the party has sound before it still and what it is to
    /// hear next is something else. That would not overtake the sound, but add to its delay.
    pub(super) fn holds_back(&mut self) -> bool {
        let own = self.playback.is_some() || self.sends_keys();
        let same =
            self.room.is_some() || (self.partner.is_some() && self.partner == self.relay.passed_from());
        if !self.relay.has_gap() || (same && !own) {
            return false;
        }
        let tick = MediaTick(self.ticks);
        if self.stream.stands_ahead(tick) && self.relay.bears_gap() {
            return true;
        }
        self.stream.begin_other(tick);
        self.relay.has_sound();
        false
    }

    /// A datagram came in on the RTP socket, to be passed on.
    pub(crate) fn relay<W: Wire<Line = L>>(
        &mut self,
        to: &mut Port<L>,
        from: SocketAddr,
        datagram: &[u8],
        now: Moment,
        wire: &mut W,
    ) {
        if !self.agreed.is_some_and(|audio| audio.direction.receives()) {
            return self.stream.pass_by(datagram, now);
        }
        let mut room = Room::new();
        let packet = match self.stream.receive_for_relay(datagram, &mut room, from, now) {
            Ok(packet) => packet,
            Err(refusal) => return self.note_strange(from, refusal),
        };
        self.note_taken(now);
        // The packets that say so are passed on themselves.
        let _ = self.keys_let_go(now);
        if let Passage::Event(key) = packet.passage
            && let Some(key) = self.note_key(key, now)
            && to.agreed.is_some_and(|audio| audio.telephone_event.is_none())
        {
            to.send_digit(key);
        }
        if self.relay.takes_packet(now) {
            to.pass(&packet, now, wire);
        } else {
            self.refuse();
        }
    }

    /// A leg without ticks is looked at: is its party silent, is a report due?
    pub(crate) fn look<W: Wire<Line = L>>(
        &mut self,
        now: Moment,
        wall: WallTime,
        no_media_after: Duration,
        wire: &mut W,
    ) {
        self.watch_for_silence(now, no_media_after);
        self.watch_quality(now);
        self.send_due_report(now, wall, wire);
    }

    /// Tells what there is to tell of a leg without ticks.
    pub(crate) fn tell_facts(&mut self, reporter: &mut Reporter) {
        if !self.facts.is_empty() {
            self.facts.tell(self.leg, reporter);
        }
    }
}
