//! What a robot does of itself.

use super::robot::{Due, Reoffer, Robot, RobotOutput, uri, without_events};
use super::script::{Cue, Deed};
use frontdesk_identifiers::Moment;
use frontdesk_media_protocol::Direction;
use frontdesk_session_description::offer;
use frontdesk_sip_message::Uri;
use frontdesk_sip_stack::{SessionId, SipCommand};

impl Robot {
    pub(super) fn act(&mut self, due: Due, now: Moment) {
        match due {
            Due::Deed(session, deed) => self.deed(session, deed),
            Due::PickUp(session) => {
                let Some(call) = self.calls.get_mut(&session) else { return };
                if let Some(description) = call.answer.take().filter(|_| call.ended.is_none()) {
                    call.answered = Some(now);
                    self.commands.push_back(SipCommand::Accept { session, description });
                    self.cue(session, Cue::Answered, now);
                }
            }
            Due::Refuse(session, status) => {
                let (retry_after, reason) = (None, None);
                self.commands.push_back(SipCommand::Refuse {
                    session,
                    status,
                    retry_after,
                    reason,
                    warning: None,
                });
            }
            Due::RefuseSaying { session, status, retry_after, reason } => {
                self.commands.push_back(SipCommand::Refuse {
                    session,
                    status,
                    retry_after,
                    reason,
                    warning: None,
                });
            }
            Due::Errand(number) => self.run_errand(number, now),
            Due::Tell(referral, status) => {
                self.commands.push_back(SipCommand::NotifyReferrer { referral, status });
            }
        }
        self.settle(now);
    }

    fn deed(&mut self, session: SessionId, deed: Deed) {
        let Some(call) = self.calls.get_mut(&session).filter(|call| call.ended.is_none()) else { return };
        match deed {
            Deed::Inform(key) => {
                let body = format!("Signal={key}\r\nDuration=160\r\n").into_bytes();
                let content_type = "application/dtmf-relay".to_owned();
                self.commands.push_back(SipCommand::Inform { session, content_type, body });
            }
            Deed::Say(text) => self.out.push(RobotOutput::Say(call.sound, text)),
            Deed::Press(key) => self.out.push(RobotOutput::Press(call.sound, key)),
            Deed::HangUp => {
                call.hung_up = true;
                self.commands.push_back(SipCommand::End { session, reason: None });
            }
            Deed::Refer(_) | Deed::Join if self.calm => {}
            Deed::Refer(number) => {
                let refer_to = uri(&format!("sip:{number}@{}", self.desk));
                self.refer(session, refer_to);
            }
            Deed::Join => self.join(session),
            Deed::Hold => self.reoffer(session, Some(Direction::SendOnly), false),
            Deed::HoldByNull => self.reoffer(session, Some(Direction::SendOnly), true),
            Deed::Freeze => self.reoffer(session, Some(Direction::Inactive), false),
            Deed::Resume => self.reoffer(session, Some(Direction::SendReceive), false),
            Deed::AskForOffer => self.reoffer(session, None, false),
        }
    }

    fn refer(&mut self, session: SessionId, refer_to: Uri) {
        let referred_by = Some(self.person.identity.uri.clone());
        self.commands.push_back(SipCommand::Refer { session, refer_to, referred_by });
    }

    /// Has the other end of this call talk with the other end of its other call.
    fn join(&mut self, session: SessionId) {
        let standing = self.calls.iter().filter(|(_, call)| call.ended.is_none());
        let other = standing.map(|(other, _)| *other).find(|other| *other != session);
        let Some((target, replaces)) = other.and_then(|other| self.stack.replaces(other)) else { return };
        let Uri::Sip(mut target) = target else { return };
        target.add_header_field("Replaces", &replaces);
        self.refer(session, Uri::Sip(target));
    }

    fn reoffer(&mut self, session: SessionId, direction: Option<Direction>, null: bool) {
        let no_events = self.person.no_events;
        let Some(call) = self.calls.get_mut(&session) else { return };
        if call.answered.is_none() || call.reoffer.is_some() {
            return;
        }
        call.local.direction = direction.unwrap_or(call.local.direction);
        call.local.session_version += 1;
        let description = direction.map(|_| {
            let plain = offer(&call.local);
            let plain = if no_events { without_events(&plain) } else { plain };
            if null { without_address(&plain) } else { plain }
        });
        call.reoffer = Some(if direction.is_some() { Reoffer::Made } else { Reoffer::AskedFor });
        self.commands.push_back(SipCommand::Reoffer { session, description });
    }
}

/// A description whose sound goes nowhere: hold as RFC 2543 §B.5 spelt it.
fn without_address(description: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(description);
    let line = |line: &str| match line {
        line if line.starts_with("c=IN IP4 ") => Some("c=IN IP4 0.0.0.0\r\n".to_owned()),
        "a=sendonly" => None,
        line => Some(format!("{line}\r\n")),
    };
    text.lines().filter_map(line).collect::<String>().into_bytes()
}
