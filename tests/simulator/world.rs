//! The whole world of one run: the desk, the wire, the sound, the robots and the clock.

use super::chance::Chance;
use super::check;
use super::house::{ANNEX_PHONES, House, PASSWORD, PHONES};
use super::network::{Arrival, Network, WirePlan};
use super::robot::{Person, Robot, RobotCall, RobotOutput};
use super::script::WhenCalled;
use super::sound::{Sound, SoundEvent, SoundPlan};
use frontdesk_call_record::{CallRecord, StampedFact};
use frontdesk_identifiers::{Moment, WallTime};
use frontdesk_sip_stack::{Credentials, Flow, SessionId, SipInput};
use frontdesk_switchboard::{
    Hop, LocateFailure, Notice, OriginationNews, Rules, Switchboard, SwitchboardCensus, SwitchboardInput,
    SwitchboardOutput,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// One robot of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RobotId(pub(super) usize);

/// One call of one robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallName {
    /// Whose.
    pub robot: RobotId,
    /// Which.
    pub session: SessionId,
}

/// A world from one seed.
pub struct World {
    /// What it is made from.
    pub seed: u64,
    desk: Switchboard,
    /// The rules that the desk was told first.
    pub rules: Rules,
    /// The wire.
    pub network: Network,
    /// The desk's sound side.
    pub sound: Sound,
    pub(super) robots: Vec<Robot>,
    /// Robots that died with calls standing: nothing is expected of them.
    pub(super) gone: BTreeSet<SocketAddr>,
    /// Those of them of whom the network said that nobody is there.
    pub(super) unreachable: BTreeSet<SocketAddr>,
    /// Robots whose connection broke: what was on its way then is nobody's to answer for.
    pub(super) cut: BTreeSet<SocketAddr>,
    pub(super) chance: Chance,
    pub(super) now: Moment,
    facts: Vec<StampedFact>,
    notices: Vec<Notice>,
    news: Vec<OriginationNews>,
    /// What the locator says of each trunk, and what the desk asked it.
    places: BTreeMap<String, Result<Vec<Hop>, LocateFailure>>,
    asked: VecDeque<String>,
    callers: usize,
    ticks_at_once: u32,
    said: DefaultHasher,
}

/// Where the desk listens.
pub(super) const DESK: ([u8; 4], u16) = ([192, 0, 2, 1], 5060);
/// The desk's civil time at the start of each run.
const STARTED: WallTime = WallTime::from_unix_micros(1_790_000_000_000_000);
/// No call of a quiet world lasts longer than this.
const LONGEST: Duration = Duration::from_secs(900);
/// What is left after the last call goes within this: 64·T1 for transactions, five minutes for nonces.
const AFTERMATH: Duration = Duration::from_secs(340);
/// A desk that wants more ticks than this at one instant is in a busy loop.
const TICKS_AT_ONCE: u32 = 3;
/// How long the locator's answers hold.
const LOCATED_FOR: Duration = Duration::from_secs(60);

impl World {
    /// A world on a good wire.
    pub fn new(seed: u64, house: &House) -> World {
        World::on_wire(seed, house, WirePlan::GOOD)
    }

    /// A world on this wire.
    pub fn on_wire(seed: u64, house: &House, wire: WirePlan) -> World {
        let mut chance = Chance::new(seed, 0);
        let rules = house.rules();
        let mut world = World {
            seed,
            desk: Switchboard::new(chance.seed(), STARTED),
            rules,
            network: Network::new(wire, Chance::new(seed, 1)),
            sound: Sound::new(SoundPlan::default(), Chance::new(seed, 2)),
            robots: Vec::new(),
            gone: BTreeSet::new(),
            unreachable: BTreeSet::new(),
            cut: BTreeSet::new(),
            chance,
            now: Moment::ZERO,
            facts: Vec::new(),
            notices: Vec::new(),
            news: Vec::new(),
            places: BTreeMap::new(),
            asked: VecDeque::new(),
            callers: 0,
            ticks_at_once: 0,
            said: DefaultHasher::new(),
        };
        let rules = world.rules.clone();
        world.tell(SwitchboardInput::Rules(Arc::new(rules)));
        world
    }

    /// A registered telephone of the house.
    pub fn phone(&mut self, number: &str, when_called: WhenCalled) -> RobotId {
        let id = self.unregistered_phone(number, when_called);
        let now = self.now;
        self.robots[id.0].register(now);
        self.carry(id);
        id
    }

    /// One more registered telephone with the account of `number`, at another `place` (from 1), wanted so much (`q`).
    pub fn phone_elsewhere(
        &mut self,
        number: &str,
        place: u8,
        preference: Option<&'static str>,
        when_called: WhenCalled,
    ) -> RobotId {
        let id = self.unregistered_phone(number, when_called);
        let person = &mut self.robots[id.0].person;
        person.preference = preference;
        let IpAddr::V4(home) = person.address.ip() else { unreachable!("telephones live in 192.0.2.0/24") };
        let [a, b, c, host] = home.octets();
        person.address.set_ip(IpAddr::from([a, b, c, host + 10 * place]));
        let now = self.now;
        self.robots[id.0].register(now);
        self.carry(id);
        id
    }

    /// A telephone of the house that does not register.
    pub fn unregistered_phone(&mut self, number: &str, when_called: WhenCalled) -> RobotId {
        let mut phones = PHONES.iter().chain(&ANNEX_PHONES);
        let host = phones.position(|(phone, _)| *phone == number).expect("a telephone of the desk");
        let address = SocketAddr::from(([192, 0, 2, 101 + host as u8], 5060));
        let credentials = Credentials { username: number.to_owned(), password: PASSWORD.to_owned() };
        let identity = format!("<sip:{number}@192.0.2.1>").parse().expect("an identity");
        self.add(Person { when_called, ..Person::plain(identity, address, Some(credentials)) })
    }

    /// A caller from the carrier's network.
    pub fn caller(&mut self) -> RobotId {
        self.callers += 1;
        let identity = format!("\"Caller {0}\" <sip:+49305550{0:04}@carrier.example>", self.callers);
        self.caller_named(&identity)
    }

    /// A caller from the carrier's network, with this From.
    pub fn caller_named(&mut self, identity: &str) -> RobotId {
        let ip = House::carrier().nth(self.robots.len() % 40).expect("an address of the carrier");
        self.stranger(identity, SocketAddr::new(ip, 5060))
    }

    /// Somebody at any address, with this From.
    pub fn stranger(&mut self, identity: &str, address: SocketAddr) -> RobotId {
        let identity = identity.parse().expect("an identity");
        self.add(Person::plain(identity, address, None))
    }

    fn add(&mut self, person: Person) -> RobotId {
        let seed = self.chance.seed();
        self.robots.push(Robot::new(person, SocketAddr::from(DESK), seed, self.now));
        RobotId(self.robots.len() - 1)
    }

    /// A carrier at this address; it takes the registration of whoever knows this name and password.
    pub fn carrier(&mut self, host: u8, account: Option<(&str, &str)>, when_called: WhenCalled) -> RobotId {
        let address = SocketAddr::from(([203, 0, 113, host], 5060));
        let id = self.stranger(&format!("<sip:carrier@203.0.113.{host}>"), address);
        let now = self.now;
        let robot = &mut self.robots[id.0];
        robot.person.when_called = when_called;
        robot.serve(account.as_slice(), now);
        id
    }

    /// From now on a carrier takes the registrations of these names and passwords.
    pub fn serve(&mut self, carrier: RobotId, accounts: &[(&str, &str)]) {
        let now = self.now;
        self.robots[carrier.0].serve(accounts, now);
    }

    /// From now on the locator leads a trunk to these carriers, the first of them the most wanted.
    pub fn place(&mut self, trunk: &str, carriers: &[RobotId]) {
        let hop = |(at, carrier): (usize, &RobotId)| Hop {
            flow: Flow {
                transport: self.robots[carrier.0].person.transport,
                local: SocketAddr::from(DESK),
                remote: self.robots[carrier.0].person.address,
            },
            priority: at as u16,
            weight: 0,
        };
        let hops = carriers.iter().enumerate().map(hop).collect();
        self.lead(trunk, Ok(hops));
    }

    /// From now on the locator says this of a trunk.
    pub fn lead(&mut self, trunk: &str, answer: Result<Vec<Hop>, LocateFailure>) {
        self.places.insert(trunk.to_owned(), answer);
        self.answer_questions();
    }

    fn answer_questions(&mut self) {
        let asked: Vec<String> =
            self.asked.iter().filter(|trunk| self.places.contains_key(*trunk)).cloned().collect();
        self.asked.retain(|trunk| !asked.contains(trunk));
        for trunk in asked {
            let answer = self.places[&trunk].clone();
            self.tell(SwitchboardInput::Located { trunk, answer, valid_for: LOCATED_FOR });
        }
    }

    /// Tells the desk something that no wire brings.
    pub fn order(&mut self, input: SwitchboardInput) {
        self.tell(input);
    }

    /// Robots whose connection broke once.
    pub fn was_cut(&self) -> &BTreeSet<SocketAddr> {
        &self.cut
    }

    /// From now on the robot has this password.
    pub fn set_password(&mut self, robot: RobotId, password: &str) {
        if let Some(credentials) = &mut self.robots[robot.0].person.credentials {
            credentials.password = password.to_owned();
        }
    }

    /// From now on the robot knows no `telephone-event`, like a telephone that tells its keys by INFO.
    pub fn without_events(&mut self, robot: RobotId) {
        self.robots[robot.0].person.no_events = true;
    }

    /// From now on the robot says that it is this.
    pub fn set_identity(&mut self, robot: RobotId, identity: &str) {
        self.robots[robot.0].person.identity = identity.parse().expect("an identity");
    }

    /// The robot forgets everything, but nobody is told that it died: for trying the checks.
    pub fn forget(&mut self, robot: RobotId) {
        let (now, seed) = (self.now, self.chance.seed());
        self.robots[robot.0] = self.robots[robot.0].reborn(seed, now);
    }

    /// The robot registers, as its person is now.
    pub fn register(&mut self, robot: RobotId) {
        let now = self.now;
        self.robots[robot.0].register(now);
        self.carry(robot);
    }

    /// The robot takes its registration back.
    pub fn unregister(&mut self, robot: RobotId) {
        let now = self.now;
        self.robots[robot.0].unregister(now);
        self.carry(robot);
    }

    /// No sound comes from this robot, though it is there.
    pub fn mute(&mut self, robot: RobotId) {
        let (ip, now) = (self.ip(robot), self.now);
        self.sound.silence(ip, now);
    }

    pub(super) fn ip(&self, robot: RobotId) -> IpAddr {
        self.robots[robot.0].person.address.ip()
    }

    /// One of the robots.
    pub fn robot(&self, robot: RobotId) -> &Robot {
        &self.robots[robot.0]
    }

    /// Every robot.
    pub fn robots(&self) -> &[Robot] {
        &self.robots
    }

    /// What its caller sees of a call.
    pub fn seen(&self, call: CallName) -> &RobotCall {
        &self.robots[call.robot.0].calls()[&call.session]
    }

    /// The only call that reached this robot, as it sees it.
    pub fn received(&self, robot: RobotId) -> &RobotCall {
        let calls: Vec<_> = self.robots[robot.0].calls().values().collect();
        assert_eq!(calls.len(), 1, "one call reaches it");
        calls[0]
    }

    /// Robots of which nothing is expected any more.
    pub fn gone(&self) -> &BTreeSet<SocketAddr> {
        &self.gone
    }

    /// Robots of whom the network said that nobody is there: the desk need not answer them.
    pub fn unreachable(&self) -> &BTreeSet<SocketAddr> {
        &self.unreachable
    }

    /// Whether the desk is at this address.
    pub fn is_desk(&self, address: SocketAddr) -> bool {
        address == SocketAddr::from(DESK)
    }

    /// The time.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The desk's civil time.
    pub fn wall(&self) -> WallTime {
        let passed = self.now.since(Moment::ZERO).as_micros() as u64;
        WallTime::from_unix_micros(STARTED.as_unix_micros() + passed)
    }

    /// What the desk holds.
    pub fn census(&self) -> SwitchboardCensus {
        self.desk.census()
    }

    /// Every fact, in order.
    pub fn facts(&self) -> &[StampedFact] {
        &self.facts
    }

    /// Every notice, in order.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// What became of the calls that were placed from inside, in order.
    pub fn news(&self) -> &[OriginationNews] {
        &self.news
    }

    /// One number for every byte that the desk has said: to the wire, to the sound and to the record.
    pub fn said(&self) -> u64 {
        self.said.finish()
    }

    /// Lets so much time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.next().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = self.now.max(end);
    }

    /// From now on nobody has anybody put through.
    pub fn calm(&mut self) {
        self.robots.iter_mut().for_each(|robot| robot.calm = true);
    }

    /// Lets every call come to its end.
    pub fn come_to_rest(&mut self) {
        let limit = self.now + LONGEST;
        while !self.is_quiet() {
            let next = self.next().unwrap_or(limit);
            if next >= limit {
                self.print_standing();
            }
            assert!(next < limit, "{}: calls do not end: {}", self.replay(), self.standing());
            self.step();
        }
    }

    /// Lets every call come to its end, waits for the aftermath, and checks everything; the records, oldest first.
    pub fn settle(&mut self) -> Vec<CallRecord> {
        self.come_to_rest();
        self.run(AFTERMATH);
        check::everything(self)
    }

    /// Forgets what was said, done and told so far, as if the world had just been made: so that what it holds then is
    /// what the desk and the robots hold. Only when it has settled.
    pub fn forget_the_past(&mut self) {
        self.network.forget_the_past();
        self.sound.forget_the_past();
        self.robots.iter_mut().for_each(Robot::forget_the_past);
        (self.facts, self.notices, self.news) = (Vec::new(), Vec::new(), Vec::new());
    }

    /// The desk alone; everything around it is gone.
    pub fn into_desk(self) -> Switchboard {
        self.desk
    }

    /// One fact was never told: for trying the checks.
    pub fn lose_fact(&mut self, number: usize) {
        self.facts.remove(number);
    }

    /// How this run can be had again.
    pub fn replay(&self) -> String {
        format!("seed={}", self.seed)
    }

    fn is_quiet(&self) -> bool {
        let idle = |robot: &Robot| robot.is_idle() || self.gone.contains(&robot.person.address);
        self.desk.census().calls == 0
            && self.sound.open_ports() == 0
            && self.network.next().is_none()
            && self.robots.iter().all(idle)
    }

    fn print_standing(&self) {
        let standing = |call: &&RobotCall| call.ended.is_none();
        for call in self.robots.iter().flat_map(|robot| robot.calls().values()).filter(standing) {
            check::print_dialog(self, call.call_id().unwrap_or_default());
        }
    }

    fn standing(&self) -> String {
        let open = self.robots.iter().flat_map(|robot| {
            let name = robot.person.identity.to_string();
            robot
                .calls()
                .iter()
                .filter(|(_, call)| call.ended.is_none())
                .map(move |call| format!("{name} {call:?}"))
        });
        format!("{:?} {:#?}", self.desk.census(), open.collect::<Vec<_>>())
    }

    /// When something happens next.
    fn next(&self) -> Option<Moment> {
        let robots = self.robots.iter().filter_map(Robot::deadline).min();
        let parts = [self.network.next(), self.sound.next(), self.desk.deadline(), robots];
        parts.into_iter().flatten().min()
    }

    /// Goes on to what happens next, and lets one thing happen.
    fn step(&mut self) {
        self.answer_questions();
        let Some(next) = self.next() else { return };
        if next > self.now {
            self.ticks_at_once = 0;
            self.now = next;
        }
        let now = self.now;
        if let Some(arrival) = self.network.arrival(now) {
            match arrival {
                Arrival::Datagram(flow, bytes) => self.deliver(flow, bytes),
                Arrival::NobodyThere(flow) if flow.local == SocketAddr::from(DESK) => {
                    self.tell(SwitchboardInput::Sip(SipInput::TransportFailed { flow }));
                }
                Arrival::NobodyThere(_) => {}
            }
        } else if let Some(event) = self.sound.event(now) {
            self.tell(match event {
                SoundEvent::Media(event) => SwitchboardInput::Media(event),
                SoundEvent::Speech(event) => SwitchboardInput::Speech(event),
            });
        } else if self.desk.deadline().is_some_and(|at| at <= now) {
            self.ticks_at_once += 1;
            assert!(self.ticks_at_once <= TICKS_AT_ONCE, "{}: a busy loop at {now:?}", self.replay());
            self.tell(SwitchboardInput::Tick);
        } else if let Some(due) =
            self.robots.iter().position(|robot| robot.deadline().is_some_and(|at| at <= now))
        {
            self.robots[due].tick(now);
            self.carry(RobotId(due));
        }
    }

    fn deliver(&mut self, flow: Flow, bytes: Vec<u8>) {
        if flow.local == SocketAddr::from(DESK) {
            return self.tell(SwitchboardInput::Sip(SipInput::Received { flow, bytes }));
        }
        if let Some(id) = self.robots.iter().position(|robot| robot.person.address == flow.local) {
            let now = self.now;
            self.robots[id].receive(flow, bytes, now);
            self.carry(RobotId(id));
        }
    }

    /// Carries out what a robot wants.
    pub(super) fn carry(&mut self, robot: RobotId) {
        for output in self.robots[robot.0].take_outputs() {
            match output {
                RobotOutput::Transmit(flow, bytes) => {
                    // A stack answers to where a message came from; a robot sends from its own address.
                    self.network.send(flow, bytes, self.now);
                }
                RobotOutput::Say(party, text) => self.sound.say(party, text, self.now),
                RobotOutput::Press(party, key) => self.sound.press(party, key, self.now),
            }
        }
    }

    /// Tells the desk, and carries out what it says.
    pub(super) fn tell(&mut self, input: SwitchboardInput) {
        let now = self.now;
        self.desk.handle(input, now);
        while let Some(output) = self.desk.poll() {
            match output {
                SwitchboardOutput::Transmit { flow, bytes } => {
                    (&flow, &bytes).hash(&mut self.said);
                    self.network.send(flow, bytes, now);
                }
                SwitchboardOutput::Media(command) => {
                    format!("{command:?}").hash(&mut self.said);
                    self.sound.command(command, now);
                }
                SwitchboardOutput::Record(fact) => {
                    serde_json::to_string(&fact).expect("a fact is JSON").hash(&mut self.said);
                    self.facts.push(fact);
                }
                SwitchboardOutput::Notice(notice) => self.notices.push(notice),
                SwitchboardOutput::Locate { trunk, .. } => self.asked.push_back(trunk),
                SwitchboardOutput::Originated { news, .. } => self.news.push(news),
                _ => {}
            }
        }
        for party in self.sound.take_asked() {
            if let Some(id) = self.robots.iter().position(|robot| robot.person.address.ip() == party.ip()) {
                self.robots[id].asked(party, now);
                self.carry(RobotId(id));
            }
        }
    }
}
