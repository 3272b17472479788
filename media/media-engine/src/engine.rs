//! The engine as the desk sees it: orders in, events out, and a thread that never waits for either.

use crate::clock::{Clock, SteadyClock};
use crate::control::{Control, LineSource, Opened, rings};
use crate::deck::MOST_COMMON;
use crate::orders::{Order, Retired};
use crate::recorder::Recorder;
use crate::rest::Rest;
use crate::sockets::{PortRange, UdpLine};
use crate::status::ring_bell;
use crate::thread::{SocketOf, ThreadPlan, epoll_name, run};
use crate::wire::Channel;
use frontdesk_media_protocol::{MediaEvent, PortFault};
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use std::io;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How the engine is to run.
#[derive(Debug)]
pub struct EngineSettings {
    /// The UDP ports of RTP and RTCP; `0..=0` for any free pair.
    pub ports: RangeInclusive<u16>,
    /// One port for all legs instead, even, and the one above it for reports: whose a datagram is follows from its sender.
    /// For containers, where each port must be let through by name.
    pub one_port: Option<u16>,
    /// Whether to ask for SCHED_FIFO. Where it is refused the engine runs without; see [`MediaEngine::scheduling`].
    pub realtime: bool,
    /// How long no RTP may come before [`MediaEvent::NoMedia`] is told; zero for never.
    pub no_media_after: Duration,
    /// An eventfd that is written (8 bytes, the number 1) after there is something to [`poll`](MediaEngine::poll).
    pub wake: Option<OwnedFd>,
    /// The instant that all moments are counted from.
    pub epoch: Instant,
    /// Chance, from which the streams' names, first sequence numbers and timestamps are drawn.
    pub seed: [u8; 32],
}

/// Why the engine cannot start: the machine's fault or the operator's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineFault {
    /// The operator's: no pair of an even port and the odd one above lies in the range.
    #[error("the RTP port range {0:?} has no pair of an even port and the odd one above it")]
    NoPorts(RangeInclusive<u16>),
    /// The operator's: the one port for all legs is not even, so that none for reports is above it.
    #[error("the one port for all sound must be even: the one above it is for reports")]
    OnePort,
    /// The machine refused a thread or a file handle.
    #[error("the machine has no means for the media engine: {0}")]
    Machine(#[from] io::Error),
}

/// How the media thread is scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduling {
    /// Before all ordinary threads (SCHED_FIFO).
    Realtime,
    /// As everybody else, as was asked for.
    Ordinary,
    /// As everybody else, because the system refused SCHED_FIFO (it needs `CAP_SYS_NICE` or an `rtprio` limit).
    Refused,
}

/// The media engine: one media thread, one recorder thread.
pub struct MediaEngine {
    control: Control<UdpLines>,
    thread: Option<JoinHandle<Vec<Retired<UdpLine>>>>,
    rest: Arc<Rest>,
    stop: Arc<AtomicBool>,
    wake: Option<OwnedFd>,
    clock: SteadyClock,
    scheduling: Scheduling,
}

impl MediaEngine {
    /// Starts the threads.
    pub fn start(settings: EngineSettings) -> Result<Self, EngineFault> {
        let range = PortRange::new(&settings.ports);
        if settings.one_port.is_some_and(|port| port == 0 || port % 2 == 1) {
            return Err(EngineFault::OnePort);
        }
        if range.is_empty() {
            return Err(EngineFault::NoPorts(settings.ports));
        }
        let epoll = Arc::new(epoll::create(epoll::CreateFlags::CLOEXEC).map_err(io::Error::from)?);
        // A kernel before 5.11, or a sandbox that does not know `epoll_pwait2`, is told of here and not by a
        // thread that cannot wait.
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        epoll::wait(&epoll, &mut [MaybeUninit::uninit(); 1], Some(&at_once)).map_err(io::Error::from)?;
        let another_bell = || settings.wake.as_ref().map(OwnedFd::try_clone).transpose();
        let recorder = Recorder::start(another_bell()?)?;
        let thread_bell = another_bell()?;
        let (control_rings, thread_rings) = rings();
        let clock = SteadyClock::new(settings.epoch);
        let stop = Arc::new(AtomicBool::new(false));
        let rest = Arc::new(Rest::new()?);
        let plan = ThreadPlan {
            rings: thread_rings,
            epoll: Arc::clone(&epoll),
            clock,
            no_media_after: settings.no_media_after,
            wake: thread_bell,
            rest: Arc::clone(&rest),
            stop: Arc::clone(&stop),
        };
        let (scheduled, scheduling) = sync_channel(1);
        let realtime = settings.realtime;
        let thread = std::thread::Builder::new().name("media".into()).spawn(move || {
            let _ = scheduled.send(schedule(realtime));
            run(plan)
        })?;
        let scheduling = scheduling.recv().unwrap_or(Scheduling::Refused);
        let lines = UdpLines { range, one_port: settings.one_port, common: Vec::new(), epoll };
        let control = Control::new(lines, control_rings, recorder, settings.seed);
        Ok(MediaEngine { control, thread: Some(thread), rest, stop, wake: settings.wake, clock, scheduling })
    }

    /// How the media thread is scheduled: to be logged once, by who started it.
    pub fn scheduling(&self) -> Scheduling {
        self.scheduling
    }

    /// Whether the media thread lives. It ends only by [`stop`](Self::stop), or by a fault of its own, after which
    /// nothing is carried any more and the desk has to end its calls.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Gives an order. Never waits: what the media thread cannot take yet waits here, and is moved on by the next
    /// `order` or [`poll`](Self::poll).
    pub fn order(&mut self, order: Order) {
        if self.control.order(order, self.clock.now()) {
            ring_bell(self.wake.as_ref());
        }
        self.rest.call();
    }

    /// The next event, if there is one. To be called until there is none, whenever the eventfd was written and
    /// after orders: it also moves waiting orders on and drops what the media thread is done with.
    pub fn poll(&mut self) -> Option<MediaEvent> {
        let event = self.control.poll();
        self.rest.call();
        event
    }

    /// Datagrams at the one port for all legs that were nobody's, since the start.
    pub fn strangers(&self) -> u64 {
        self.control.strangers()
    }

    /// Ends the threads. Ports are closed, recordings published; events that were not polled are lost.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.rest.call();
        if let Some(thread) = self.thread.take() {
            self.control.stop(thread.join().unwrap_or_default());
        }
    }
}

impl Drop for MediaEngine {
    fn drop(&mut self) {
        self.end();
    }
}

/// Lines of sockets, which report to the media thread's epoll.
struct UdpLines {
    range: PortRange,
    /// The port that all legs share, instead of one of the range each.
    one_port: Option<u16>,
    /// The sockets that they share, by local address.
    common: Vec<(IpAddr, UdpLine)>,
    epoll: Arc<OwnedFd>,
}

impl UdpLines {
    fn watch(&self, line: &UdpLine, owner: SocketOf) -> Result<(), PortFault> {
        for channel in [Channel::Rtp, Channel::Rtcp] {
            let name = epoll::EventData::new_u64(epoll_name(owner, channel));
            epoll::add(&self.epoll, line.socket(channel), name, epoll::EventFlags::IN)
                .map_err(|_| PortFault::EngineFull)?;
        }
        Ok(())
    }

    /// A line by the sockets that all legs of this address share.
    fn share(&mut self, bind: IpAddr, port: u16) -> Result<Opened<UdpLine>, PortFault> {
        let known = self.common.iter().position(|(ip, _)| *ip == bind);
        let number = known.unwrap_or(self.common.len()) as u16;
        let mut first = None;
        if known.is_none() {
            if self.common.len() >= MOST_COMMON {
                return Err(PortFault::EngineFull);
            }
            let line = UdpLine::for_all(bind, port)?;
            self.watch(&line, SocketOf::All(number))?;
            first = Some(line.share(number));
            self.common.push((bind, line));
        }
        let (_, line) = self.common.get(usize::from(number)).ok_or(PortFault::EngineFull)?;
        Ok(Opened { line: line.share(number), address: line.address(), common: first })
    }
}

impl LineSource for UdpLines {
    type Line = UdpLine;

    /// The sockets report from here on, though their port is not with the thread yet: what they report until then costs
    /// the thread a look.
    fn open(&mut self, bind: IpAddr, slot: u16) -> Result<Opened<UdpLine>, PortFault> {
        if let Some(port) = self.one_port {
            return self.share(bind, port);
        }
        let line = self.range.open(bind)?;
        self.watch(&line, SocketOf::Leg(slot))?;
        let address = line.address();
        Ok(Opened { line, address, common: None })
    }
}

/// Asks for SCHED_FIFO, at a low priority: above all ordinary threads, below what the kernel needs.
fn schedule(realtime: bool) -> Scheduling {
    if !realtime {
        return Scheduling::Ordinary;
    }
    let wish = libc::sched_param { sched_priority: 10 };
    // SAFETY: thread 0 is the calling one, and the parameter outlives the call, which only reads it. The flag
    // keeps threads that this one might start at ordinary scheduling.
    let refused = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &wish) };
    if refused == 0 { Scheduling::Realtime } else { Scheduling::Refused }
}
