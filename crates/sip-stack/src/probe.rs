//! OPTIONS of this side (RFC 3261 §11): whether somebody is there.

use crate::dialog::dialog::local_contact;
use crate::errand::{Errand, Outcome};
use crate::input::{Flow, ProbeId};
use crate::output::SipEvent;
use crate::routing::Owner;
use crate::stack::SipStack;
use frontdesk_sip_message::{HeaderName, Method, NameAddr, StatusCode, Uri};
use std::time::Duration;

impl SipStack {
    /// `Probe`.
    pub(crate) fn probe(&mut self, probe: ProbeId, target: Uri, flow: Flow) {
        if !self.has_room() {
            self.overloaded("transactions");
            return self.tell(SipEvent::Probed { probe, status: None, retry_after: None });
        }
        let contact = local_contact(None, flow, false, &self.settings);
        let to = NameAddr::new(target.clone());
        let mut request = self.request_outside(Method::OPTIONS, target, contact.clone(), &to);
        request.headers.push_display(HeaderName::Contact, contact);
        request.headers.push(HeaderName::Accept, "application/sdp");
        self.send_request(request, flow, Owner::Errand(Errand::Probe(probe)));
    }

    /// The transaction of an OPTIONS moved.
    pub(crate) fn probe_stepped(&mut self, probe: ProbeId, outcome: &Outcome<'_>) {
        let Some(status) = outcome.end() else { return };
        let wait = outcome
            .answer
            .filter(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE)
            .and_then(|answer| answer.headers.retry_after().ok().flatten());
        let retry_after = wait.map(|seconds| Duration::from_secs(seconds.into()));
        self.tell(SipEvent::Probed { probe, status, retry_after });
    }
}
