//! What may happen in a random world: who is there, how they are today, and what they do.

use frontdesk_directory::{
    NumberPlan, Presentation, Redirects, Trunk, TrunkAccount, TrunkLimits, TrunkRegister,
};
use frontdesk_identifiers::{FlowId, TelephoneNumber};
use frontdesk_sip_stack::{Quirks, Reliability, SessionTimer, Transport};
use frontdesk_switchboard::{Origination, OriginationId, SwitchboardInput, Then};
use frontdesk_tests::simulator::house::{PUBLIC_NUMBERS, tenant};
use frontdesk_tests::simulator::{
    Act, Chance, Cue, Deed, House, RobotId, WhenCalled, WhenReferred, WirePlan, World,
};
use std::sync::Arc;
use std::time::Duration;

const ACCOUNT: (&str, &str) = ("4930555", "horse battery");
/// The annex's account at the same carrier.
const ANNEX_ACCOUNT: (&str, &str) = ("4940777", "staple correct");
/// A number of the telephone network.
pub const OUTSIDE: &str = "030901820";

/// What is around a house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// A peer that brings callers.
    Callers,
    /// Two carriers too.
    Carriers,
    /// A second tenant on the desk, and both have trunks at the same carriers.
    SharedCarriers,
}

impl Around {
    /// What is around in the world of a seed: every other one has carriers.
    pub fn of(seed: u64) -> Around {
        match seed % 4 {
            1 => Around::Carriers,
            3 => Around::SharedCarriers,
            _ => Around::Callers,
        }
    }
}

/// Who is there.
pub struct People {
    pub phones: Vec<RobotId>,
    pub callers: Vec<RobotId>,
    pub carriers: Vec<RobotId>,
    /// The telephones of the second tenant, among the others.
    annex: Vec<RobotId>,
    originated: u64,
}

/// A house with two trunks, one that registers and stands first, and one that does not; where the carriers are shared, with
/// a second tenant that has the same.
pub fn house(around: Around, chance: &mut Chance) -> House {
    if around == Around::Callers {
        return House::default();
    }
    let first = registering(trunk("first", 1, chance), ACCOUNT, chance);
    let house = House::default().with_trunk(first).with_trunk(trunk("second", 2, chance));
    if around == Around::Carriers {
        return house;
    }
    let of_annex = |mut line: Trunk| {
        line.tenant = tenant("annex");
        line.presentation.main = Some(TelephoneNumber::new("+4940777000").expect("a number"));
        line
    };
    let annex = registering(of_annex(trunk("annex", 1, chance)), ANNEX_ACCOUNT, chance);
    house.with_annex().with_trunk(annex).with_trunk(of_annex(trunk("back", 2, chance)))
}

fn registering(mut line: Trunk, (user, password): (&str, &str), chance: &mut Chance) -> Trunk {
    let (user, password) = (user.to_owned(), password.to_owned());
    line.account = Some(TrunkAccount { user, auth_user: None, password });
    let expires = Duration::from_secs(60 + chance.below(600));
    line.register = Some(TrunkRegister { expires, ..Default::default() });
    line
}

fn trunk(name: &str, priority: u16, chance: &mut Chance) -> Trunk {
    let main = TelephoneNumber::new("+4930555000").expect("a number");
    let limit = |chance: &mut Chance| chance.percent(20).then(|| 1 + chance.below(3) as u32);
    Trunk {
        priority,
        plan: NumberPlan::of_country("DE").expect("a plan"),
        presentation: Presentation { main: Some(main), ..Presentation::default() },
        probe_every: chance.percent(60).then(|| Duration::from_secs(20 + chance.below(40))),
        refer: chance.percent(40),
        redirects: *chance.one_of(&[Redirects::Never, Redirects::SameTrunk, Redirects::AnyTrunk]),
        limits: TrunkLimits { calls: limit(chance), calls_per_second: limit(chance) },
        ..Trunk::new(tenant("main"), name, &format!("{name}.example"))
    }
}

/// Telephones, callers and, where the house has trunks, carriers.
pub fn people(world: &mut World, around: Around, chance: &mut Chance) -> People {
    let mut phones: Vec<RobotId> =
        ["1001", "1002", "1003"].map(|number| world.phone(number, mood(chance))).to_vec();
    for place in 1..=chance.below(3) {
        let number = *chance.one_of(&["1001", "1002", "1003"]);
        let preference = *chance.one_of(&[None, None, Some("0.5")]);
        phones.push(world.phone_elsewhere(number, place as u8, preference, mood(chance)));
    }
    let callers = (0..1 + chance.below(5)).map(|_| world.caller()).collect();
    let mut people = People { phones, callers, carriers: Vec::new(), annex: Vec::new(), originated: 0 };
    if around == Around::SharedCarriers {
        people.annex = ["2001", "2002"].map(|number| world.phone(number, mood(chance))).to_vec();
        people.phones.extend(&people.annex);
    }
    if around != Around::Callers {
        let first = world.carrier(1, Some(ACCOUNT), carriers_mood(chance));
        let second = world.carrier(2, None, carriers_mood(chance));
        people.carriers = vec![first, second];
        world.serve(first, &[ACCOUNT, ANNEX_ACCOUNT]);
    }
    for robot in people.all() {
        peculiar(world, robot, chance);
    }
    for phone in &people.phones {
        // Where it speaks over a stream from now on, it is reached over it too.
        world.register(*phone);
    }
    if let [first, second] = people.carriers[..] {
        if chance.percent(90) {
            world.place("first", &[first]);
        }
        let both = if chance.percent(20) { vec![second, first] } else { vec![second] };
        world.place("second", &both);
        if around == Around::SharedCarriers {
            world.place("annex", &[first]);
            world.place("back", &both);
        }
        if chance.percent(30) {
            world.network.set_plan([203, 0, 113, 2].into(), Some(WirePlan::slow(chance)));
        }
    }
    people
}

/// Makes somebody out of the ordinary, perhaps.
fn peculiar(world: &mut World, robot: RobotId, chance: &mut Chance) {
    let reliability = match chance.below(10) {
        0 => Reliability::Demanded,
        1 => Reliability::WhenRequired,
        _ => Reliability::WhenUseful,
    };
    let (no_events, forks) = (chance.percent(20), chance.percent(10));
    let session_timer = match chance.below(5) {
        0 => None,
        1 => Some(SessionTimer { expires: Duration::from_secs(90), least: Duration::from_secs(90) }),
        _ => Some(SessionTimer::default()),
    };
    let (no_update, offers_by_update) = (chance.percent(20), chance.percent(30));
    let when_referred = *chance.one_of(&[
        WhenReferred::Refuse(405),
        WhenReferred::Refuse(603),
        WhenReferred::Tell(200),
        WhenReferred::Tell(486),
        WhenReferred::Silent,
    ]);
    let transport = if chance.percent(25) { Transport::Tcp } else { Transport::Udp };
    world.change(robot, |person| {
        person.no_events = no_events;
        person.forks = forks;
        person.when_referred = when_referred;
        person.transport = transport;
        person.offers_by_update = offers_by_update;
        person.session_timer = session_timer;
        person.quirks =
            Arc::new(Quirks { reliable_provisional: reliability, no_update, ..Quirks::default() });
    });
}

impl People {
    fn all(&self) -> Vec<RobotId> {
        [&self.phones[..], &self.callers, &self.carriers].concat()
    }

    /// Somebody does something.
    pub fn act(&mut self, world: &mut World, chance: &mut Chance) {
        let phone = *chance.one_of(&self.phones);
        let mut numbers = vec!["1001", "1002", "1003", "100", "999"];
        numbers.extend(["2001", "2002"].iter().filter(|_| !self.annex.is_empty()));
        let number = *chance.one_of(&numbers);
        match chance.below(24) {
            0 if !self.annex.is_empty() && chance.percent(50) => {
                let text = if number.starts_with('2') { "annex: a parcel" } else { "main: a parcel" };
                world.message(self.carriers[0], number, text);
            }
            0 => {
                // Whoever reads it sees whose it is.
                let text = if self.annex.contains(&phone) { "annex: lunch?" } else { "main: lunch?" };
                world.message(phone, number, text);
            }
            1 | 2 => {
                world.watch(phone, number, 60 + chance.below(60) as u32);
            }
            3 | 4 => {
                let other = *chance.one_of(&self.phones);
                let acts = leaving(chance);
                world.pick_up(phone, other, acts);
            }
            5 | 6 => self.originate(world, chance),
            _ => self.place_a_call(world, chance),
        }
    }

    fn place_a_call(&mut self, world: &mut World, chance: &mut Chance) {
        let mut numbers = vec!["100", "100", "101", "102", "1001", "1002", "1003", "999"];
        let from_phone = chance.percent(30);
        if from_phone && !self.carriers.is_empty() {
            numbers.extend([OUTSIDE; 6]);
        }
        if !self.annex.is_empty() {
            numbers.extend(["2001", "2002", "2001", "2002"]);
            numbers.extend(PUBLIC_NUMBERS.iter().chain(&PUBLIC_NUMBERS));
        }
        let number = *chance.one_of(&numbers);
        let robots = match from_phone {
            true => &self.phones,
            false if chance.percent(20) && !self.carriers.is_empty() => &self.carriers,
            false => &self.callers,
        };
        let robot = *chance.one_of(robots);
        let acts = leaving(chance);
        if !self.annex.is_empty() && self.carriers.contains(&robot) && chance.percent(50) {
            let (contact, _) = *chance.one_of(&[ACCOUNT, ANNEX_ACCOUNT]);
            world.call_contact(robot, contact, number, acts);
        } else if chance.percent(15) && !from_phone {
            world.call_without_offer(robot, number, acts);
        } else {
            world.call(robot, number, acts);
        }
    }

    fn originate(&mut self, world: &mut World, chance: &mut Chance) {
        self.originated += 1;
        let number = |text: &str| TelephoneNumber::new(text).expect("a number");
        let outside = if self.carriers.is_empty() { "1003" } else { OUTSIDE };
        let whose = if !self.annex.is_empty() && chance.percent(50) { "annex" } else { "main" };
        let then = match chance.below(3) {
            0 if whose == "annex" => Then::Flow(FlowId::new("annex").expect("a flow's name")),
            0 => Then::Flow(FlowId::new("reception").expect("a flow's name")),
            1 => Then::Number(number(outside)),
            _ => Then::Number(number("1002")),
        };
        let id = OriginationId(self.originated);
        let first = *chance.one_of(&["1001", "1002", outside, "999", "2001"]);
        let first = number(first);
        let wanted = Origination {
            id,
            tenant: tenant(whose),
            shown: (None, number("100")),
            first,
            ring: Duration::from_secs(5 + chance.below(20)),
            then,
        };
        world.order(SwitchboardInput::Originate(Box::new(wanted)));
        if chance.percent(30) {
            world.run(chance.time(Duration::from_secs(4)));
            world.order(SwitchboardInput::CancelOrigination(id));
        }
    }

    /// Something happens beside the calls.
    pub fn happening(&self, world: &mut World, chance: &mut Chance) {
        let (phone, caller) = (*chance.one_of(&self.phones), *chance.one_of(&self.callers));
        let anybody = *chance.one_of(&[&self.phones[..], &self.carriers, &self.carriers].concat());
        match chance.below(10) {
            8 | 9 => self.all().into_iter().for_each(|robot| world.cut(robot)),
            5 => world.die(anybody),
            0 => world.vanish(anybody),
            1 => world.vanish(caller),
            2 | 6 => {
                world.vanish(anybody);
                world.run(chance.time(Duration::from_secs(5)));
                world.restart(anybody);
            }
            7 => {
                world.die(anybody);
                world.run(chance.time(Duration::from_secs(40)));
                world.restart(anybody);
            }
            3 => world.unregister(phone),
            _ => world.mute(caller),
        }
    }
}

/// What somebody does in a call, who hangs up some time.
fn leaving(chance: &mut Chance) -> Vec<Act> {
    let mut acts = conversation(chance);
    // Some talk longer than a session timer.
    let longest = Duration::from_secs(*chance.one_of(&[8, 8, 8, 90, 90, 90, 90, 90, 90, 240]));
    acts.push(Act { cue: Cue::Began, after: chance.time(longest), deed: Deed::HangUp });
    acts
}

/// What somebody may do in a call.
fn conversation(chance: &mut Chance) -> Vec<Act> {
    let deeds = [
        Deed::Press('1'),
        Deed::Press('2'),
        Deed::Press('#'),
        Deed::Inform('1'),
        Deed::Inform('0'),
        Deed::Say("sales please"),
        Deed::Say("could you put me through to reception"),
        Deed::Say("tea"),
        Deed::Say("what a lovely day it is"),
        Deed::Hold,
        Deed::HoldByNull,
        Deed::Freeze,
        Deed::Resume,
        Deed::AskForOffer,
        Deed::Refer("1002"),
        Deed::Refer("1003"),
        Deed::Refer("100"),
        Deed::Refer("999"),
        Deed::Refer(OUTSIDE),
        Deed::Refer("2001"),
        Deed::Join,
        Deed::Join,
    ];
    let mut acts = Vec::new();
    for _ in 0..chance.below(7) {
        let cue = match chance.below(4) {
            0 => Cue::Began,
            1 => Cue::Answered,
            turn => Cue::Asked(turn as u32 - 1),
        };
        let after = chance.time(Duration::from_secs(if matches!(cue, Cue::Asked(_)) { 2 } else { 20 }));
        acts.push(Act { cue, after, deed: chance.one_of(&deeds).clone() });
    }
    acts
}

/// How a telephone is today.
fn mood(chance: &mut Chance) -> WhenCalled {
    let after = chance.time(Duration::from_secs(6));
    match chance.below(9) {
        0 => WhenCalled::Refuse(*chance.one_of(&[486, 603, 480, 404, 500, 302])),
        1 => WhenCalled::RingThenRefuse { after, status: *chance.one_of(&[486, 603, 480, 600]) },
        2 => chance
            .one_of(&[
                WhenCalled::Ring,
                WhenCalled::Progress,
                WhenCalled::AnswerWith("v=0\r\n"),
                WhenCalled::Redirect(302, "<sip:1002@192.0.2.1>"),
            ])
            .clone(),
        3 => WhenCalled::AnswerAfterSound { after, acts: staying(chance) },
        _ => WhenCalled::Answer { after, acts: staying(chance) },
    }
}

/// What somebody does who was called, and hangs up some time.
fn staying(chance: &mut Chance) -> Vec<Act> {
    let longest = Duration::from_secs(*chance.one_of(&[40, 40, 40, 40, 40, 240]));
    let mut acts = vec![Act { cue: Cue::Answered, after: chance.time(longest), deed: Deed::HangUp }];
    acts.extend(conversation(chance));
    acts
}

/// How a carrier is today.
fn carriers_mood(chance: &mut Chance) -> WhenCalled {
    match chance.below(8) {
        0 => WhenCalled::RefuseSaying {
            status: 503,
            retry_after: chance.percent(50).then(|| Duration::from_secs(1 + chance.below(30))),
            reason: None,
        },
        1 => WhenCalled::RefuseSaying {
            status: *chance.one_of(&[486, 404, 480, 500, 603]),
            retry_after: None,
            reason: Some(*chance.one_of(&["Q.850;cause=17", "Q.850;cause=38", "Q.850;cause=1"])),
        },
        2 => WhenCalled::Redirect(*chance.one_of(&[301, 302]), "<sip:+49301234567@second.example>"),
        3 => {
            WhenCalled::AnswerAfterSound { after: chance.time(Duration::from_secs(6)), acts: staying(chance) }
        }
        _ => mood(chance),
    }
}
