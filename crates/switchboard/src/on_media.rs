//! What the media threads tell, and which call it concerns.

use crate::attempt::Failure;
use crate::call::{Call, Recording, Serving};
use crate::desk::Desk;
use crate::doctor;
use crate::fault;
use crate::leg::Port;
use crate::switchboard::Switchboard;
use crate::transfer::Transfer;
use frontdesk_call_record::{
    DirectionQuality, EndReason, Fact, Fault, FaultCode, Notice, StreamQuality, StreamSummary, Whose,
};
use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::{
    DirectionSummary, LegSummary, MediaEvent, Mos, PlaybackEnd, PlaybackId, PortFault, StreamCounters,
};
use frontdesk_sip_message::StatusCode;
use std::net::SocketAddr;

impl Switchboard {
    pub(crate) fn on_media(&mut self, event: MediaEvent, now: Moment) {
        match event {
            MediaEvent::PortOpened { leg, address } => {
                self.with_leg(leg, now, |call, desk| call.port_opened(leg, address, desk));
            }
            MediaEvent::PortFailed { leg, fault } => {
                self.with_leg(leg, now, |call, desk| call.port_failed(leg, fault, desk));
            }
            MediaEvent::PortClosed { leg, counters } => {
                self.with_leg(leg, now, |call, desk| call.port_closed(leg, counters, desk));
            }
            MediaEvent::FirstPacket { leg, .. } => self.with_leg(leg, now, |call, desk| {
                let arrived = call.leg_mut(leg).map(|leg| {
                    leg.arrived = true;
                    leg.role
                });
                if let Some(leg) = arrived {
                    call.record.tell(Fact::MediaArrived { leg }, desk);
                }
            }),
            MediaEvent::StrangePacket { leg, from, why } => self.with_leg(leg, now, |call, _| {
                if let Some(leg) = call.leg_mut(leg) {
                    leg.strange = Some((from, why));
                }
            }),
            MediaEvent::Digit { leg, key, at } => {
                self.with_leg(leg, now, |call, desk| call.key_heard(leg, key, at, desk));
            }
            MediaEvent::PlaybackStarted { leg, playback, at } => self.with_leg(leg, now, |call, desk| {
                if let Serving::Flow(conversation) = &mut call.serving {
                    conversation.playback_started(playback, at, &mut call.record, desk);
                }
            }),
            MediaEvent::PlaybackEnded { leg, playback, end, sent_samples, .. } => {
                self.with_leg(leg, now, |call, desk| call.playback_ended(playback, end, sent_samples, desk));
            }
            MediaEvent::RoomFull { leg, .. } => {
                self.with_leg(leg, now, |call, desk| call.room_full(leg, desk));
            }
            MediaEvent::NoMedia { leg, .. } => {
                self.with_leg(leg, now, |call, desk| call.no_media(leg, desk));
            }
            MediaEvent::HearingOverrun { leg, .. } => self.with_leg(leg, now, |call, desk| {
                let fault = Some(Fault::of(Whose::Operator, FaultCode::EarsFailed));
                call.record.tell(Fact::Noticed { notice: Notice::HearingOverrun, fault }, desk);
            }),
            MediaEvent::RecordingEnded { leg, samples, gap_samples, paused_samples, kept } => {
                self.with_recording(leg, now, |call, desk| {
                    call.recording_ended([samples, gap_samples, paused_samples], kept, desk)
                });
            }
            _ => {}
        }
    }
}

impl Call {
    fn port_opened(&mut self, id: LegId, address: SocketAddr, desk: &mut Desk<'_>) {
        let ending = self.ending.is_some();
        let Some(leg) = self.leg_mut(id).filter(|leg| leg.port == Port::Opening) else { return };
        leg.port = Port::Open(address);
        if self.retired.iter().any(|leg| leg.id == id) || ending {
            if let Some(leg) = self.leg_mut(id) {
                leg.close_port(desk);
            }
        } else if self.caller.id == id {
            self.caller_port_opened(desk);
        } else if self.is_arriving(id) {
            self.arrival_port_opened(desk);
        } else {
            self.called_port_opened(id, desk);
        }
    }

    fn port_failed(&mut self, id: LegId, port_fault: PortFault, desk: &mut Desk<'_>) {
        let Some(leg) = self.leg_mut(id) else { return };
        leg.port = Port::Closed;
        self.diagnose(doctor::of_port(port_fault), desk);
        if self.caller.id == id {
            let fault = Some(fault::of_port(port_fault));
            self.refuse(StatusCode::SERVICE_UNAVAILABLE, EndReason::Overloaded, fault, desk);
        } else if self.is_arriving(id) {
            self.arrival_failed(StatusCode::SERVICE_UNAVAILABLE, desk);
        } else {
            self.attempt_failed(id, Failure::UNREACHABLE, desk);
        }
    }

    fn port_closed(&mut self, id: LegId, counters: StreamCounters, desk: &mut Desk<'_>) {
        desk.out.rooms.leave(id);
        let Some(leg) = self.leg_mut(id) else { return };
        leg.port = Port::Closed;
        let role = leg.role;
        let counters = StreamSummary {
            received: counters.packets_received,
            sent: counters.packets_sent,
            lost: counters.packets_lost,
            late: counters.packets_late,
            refused: counters.packets_refused,
            jitter_us: counters.jitter_us,
            concealed: counters.frames_concealed,
            dropped: counters.frames_dropped,
            ticks_skipped: counters.ticks_skipped,
            quality: Some(quality_of(&counters.quality)),
        };
        self.diagnose(doctor::of_stream(&counters, role), desk);
        self.record.tell(Fact::StreamClosed { leg: role, counters }, desk);
    }

    /// While two people talk their keys are their own business: the engine passes them on.
    fn key_heard(&mut self, id: LegId, key: char, at: Moment, desk: &mut Desk<'_>) {
        let talking = self.transfer.as_ref().and_then(Transfer::talking).is_some();
        if self.leg_mut(id).is_some_and(|leg| leg.keys.takes_heard(key, desk.now)) && !talking {
            self.caller_pressed(id, key, at, desk);
        }
    }

    /// A key for the flow, if it is the caller's.
    pub fn caller_pressed(&mut self, id: LegId, key: char, at: Moment, desk: &mut Desk<'_>) {
        if self.caller.id != id || self.ending.is_some() {
            return;
        }
        let Serving::Flow(conversation) = &mut self.serving else { return };
        let event = conversation.key(key, at, &mut self.record, desk);
        self.tell_flow(event, desk);
    }

    fn playback_ended(
        &mut self,
        playback: PlaybackId,
        end: PlaybackEnd,
        sent_samples: u32,
        desk: &mut Desk<'_>,
    ) {
        let Serving::Flow(conversation) = &mut self.serving else { return };
        if end == PlaybackEnd::Failed {
            let fault = Some(Fault::of(Whose::Operator, FaultCode::VoiceFailed));
            self.record.tell(Fact::Noticed { notice: Notice::VoiceFailed, fault }, desk);
        }
        let event = conversation.playback_ended(playback, end, sent_samples, &mut self.record, desk);
        if let Some(event) = event {
            self.tell_flow(event, desk);
        }
    }

    /// A party whose sound stopped is gone without a word: the call is not held for it.
    fn no_media(&mut self, id: LegId, desk: &mut Desk<'_>) {
        let fault = Some(Fault::of(Whose::Network, FaultCode::NoMedia));
        self.record.tell(Fact::Noticed { notice: Notice::NoMedia, fault }, desk);
        let talking = self.transfer.as_ref().and_then(Transfer::talking);
        let called = talking.is_some_and(|leg| leg.id == id);
        if called || self.caller.id == id {
            self.end(EndReason::MediaTimeout, fault, desk);
        }
    }

    fn recording_ended(
        &mut self,
        [samples, gap_samples, paused_samples]: [u64; 3],
        kept: bool,
        desk: &mut Desk<'_>,
    ) {
        self.recording = Recording::Off;
        let seconds = samples as f32 / 8_000.0;
        let (gap_ms, paused_ms) = (gap_samples / 8, paused_samples / 8);
        self.record.tell(Fact::RecordingEnded { seconds, gap_ms, paused_ms, kept }, desk);
        if !kept {
            let fault = Some(Fault::of(Whose::Operator, FaultCode::RecordingLost));
            self.record.tell(Fact::Noticed { notice: Notice::RecordingFailed, fault }, desk);
        }
    }
}

fn quality_of(summary: &LegSummary) -> StreamQuality {
    let direction = |direction: &DirectionSummary| DirectionQuality {
        packets: direction.packets,
        lost: direction.lost,
        late: direction.late,
        jitter_mean_us: direction.jitter_mean_us,
        jitter_max_us: direction.jitter_max_us,
        mos_mean_hundredths: direction.mos_mean.map(Mos::hundredths),
        mos_min_hundredths: direction.mos_min.map(Mos::hundredths),
    };
    StreamQuality {
        received: direction(&summary.received),
        sent: direction(&summary.sent),
        round_trip_mean_us: summary.round_trip_mean_us,
        round_trip_max_us: summary.round_trip_max_us,
    }
}
