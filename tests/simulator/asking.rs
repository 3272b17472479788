//! What robots are told to ask of the desk.

use super::robot::Person;
use super::script::{Act, Dialling, Offering};
use super::world::{CallName, RobotId, World};
use frontdesk_sip_message::{Message, Method};

impl World {
    /// Calls a number.
    pub fn call(&mut self, robot: RobotId, number: &str, acts: Vec<Act>) -> CallName {
        self.call_offering(robot, number, Offering::Usual, acts)
    }

    /// Calls a number without an offer.
    pub fn call_without_offer(&mut self, robot: RobotId, number: &str, acts: Vec<Act>) -> CallName {
        self.call_offering(robot, number, Offering::Nothing, acts)
    }

    /// Calls a number, offering this.
    pub fn call_offering(
        &mut self,
        robot: RobotId,
        number: &str,
        offering: Offering,
        acts: Vec<Act>,
    ) -> CallName {
        self.call_saying(robot, number, offering, Vec::new(), acts)
    }

    /// Calls a number, with these header lines beside the usual ones.
    pub fn call_saying(
        &mut self,
        robot: RobotId,
        number: &str,
        offering: Offering,
        extra: Vec<(String, String)>,
        acts: Vec<Act>,
    ) -> CallName {
        self.dial(robot, Dialling { offering, extra, ..Dialling::plain(number) }, acts)
    }

    /// Calls as a registrar forwards a call: to the contact that the desk registered, for who dialled this number.
    pub fn call_contact(&mut self, robot: RobotId, contact: &str, dialled: &str, acts: Vec<Act>) -> CallName {
        let to = Some(super::robot::uri(&format!("sip:{dialled}@carrier.example")));
        self.dial(robot, Dialling { to, ..Dialling::plain(contact) }, acts)
    }

    /// Calls.
    pub fn dial(&mut self, robot: RobotId, dialling: Dialling<'_>, acts: Vec<Act>) -> CallName {
        let now = self.now;
        let session = self.robots[robot.0].call(dialling, acts, now);
        self.carry(robot);
        CallName { robot, session }
    }

    /// Takes the place of another robot in the call that reached it last (RFC 3891): picks up what rings there. None if
    /// none did.
    pub fn pick_up(&mut self, robot: RobotId, of: RobotId, acts: Vec<Act>) -> Option<CallName> {
        let extra = vec![("Replaces".to_owned(), self.place_of(of)?)];
        let number = self.robots[of.0].person.identity.uri.user()?;
        Some(self.call_saying(robot, &number, Offering::Usual, extra, acts))
    }

    /// What `Replaces` says of the call that reached a robot last, to the desk.
    fn place_of(&self, robot: RobotId) -> Option<String> {
        let address = self.robots[robot.0].person.address;
        let mut rings = self.network.trace().iter().rev().filter(|sent| sent.from == address);
        let headers = rings.find_map(|sent| match &sent.message {
            Message::Response(ring) if ring.status.as_u16() > 100 && ring.status.as_u16() < 300 => {
                let of_invite = ring.headers.cseq().is_ok_and(|cseq| cseq.method == Method::INVITE);
                of_invite.then_some(&ring.headers)
            }
            _ => None,
        })?;
        let (from, to) = (headers.from().ok()?, headers.to().ok()?);
        Some(format!("{};to-tag={};from-tag={}", headers.call_id().ok()?, from.tag()?, to.tag()?))
    }

    /// Sends a short message; which of its errands that is.
    pub fn message(&mut self, robot: RobotId, number: &str, text: &str) -> usize {
        let errand = self.robots[robot.0].message(number, text, self.now);
        self.carry(robot);
        errand
    }

    /// Watches the calls of a number for so many seconds; which of its errands that is.
    pub fn watch(&mut self, robot: RobotId, number: &str, seconds: u32) -> usize {
        let errand = self.robots[robot.0].watch(number, seconds, self.now);
        self.carry(robot);
        errand
    }

    /// Changes who a robot is.
    pub fn change(&mut self, robot: RobotId, change: impl FnOnce(&mut Person)) {
        let robot = &mut self.robots[robot.0];
        change(&mut robot.person);
        robot.heed(self.now);
    }
}
