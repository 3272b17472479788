//! What befalls robots: connections break, machines die and come back.

use super::world::{DESK, RobotId, World};
use frontdesk_sip_stack::{Flow, SipInput};
use frontdesk_switchboard::SwitchboardInput;
use std::net::SocketAddr;

impl World {
    /// The connection of a robot to the desk breaks, and both are told; a robot without one has none to break.
    pub fn cut(&mut self, robot: RobotId) {
        let person = &self.robots[robot.0].person;
        let (transport, remote) = (person.transport, person.address);
        if !transport.is_reliable() {
            return;
        }
        let local = SocketAddr::from(DESK);
        self.cut.insert(remote);
        self.network.cut(local, remote);
        self.robots[robot.0].flow_closed(self.now);
        self.carry(robot);
        self.tell(SwitchboardInput::Sip(SipInput::FlowClosed { flow: Flow { transport, local, remote } }));
    }

    /// The robot is gone without a word: its cable is out, and no sound comes from it.
    pub fn vanish(&mut self, robot: RobotId) {
        let address = self.robots[robot.0].person.address;
        let now = self.now;
        self.gone.insert(address);
        self.network.unplug(address.ip());
        self.sound.silence(address.ip(), now);
    }

    /// The robot's program died: its machine says that nobody is there.
    pub fn die(&mut self, robot: RobotId) {
        let address = self.robots[robot.0].person.address;
        let now = self.now;
        self.gone.insert(address);
        self.unreachable.insert(address);
        self.network.close(address.ip());
        self.sound.silence(address.ip(), now);
    }

    /// The robot died and is started anew: it knows nothing of before, and registers.
    pub fn restart(&mut self, robot: RobotId) {
        let (now, seed) = (self.now, self.chance.seed());
        let ip = self.ip(robot);
        self.gone.insert(self.robots[robot.0].person.address);
        self.network.plug_in(ip);
        let old = &self.robots[robot.0];
        self.sound.unsilence(ip, old.calls().values().map(|call| call.sound));
        self.robots[robot.0] = old.reborn(seed, now);
        self.cut(robot);
        // One that others register with has its own registration nowhere.
        if !self.robots[robot.0].serves() && self.robots[robot.0].person.credentials.is_some() {
            self.robots[robot.0].register(now);
        }
        self.carry(robot);
    }
}
