//! Where the time of a turn goes: marks that cost nothing unless a bench looks.

/// What a turn spends its time on, in the order of the sound's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading datagrams into the jitter buffers.
    Receive,
    /// Deciding what is heard now, payload to samples, or making up what is missing.
    Decode,
    /// Level and voice activity, where somebody listens.
    Activity,
    /// Who hears whom: bridge, playback, ears, recorder.
    Route,
    /// Samples to payload, and the packet around it.
    Encode,
    /// Handing packets to the network.
    Send,
}

impl Stage {
    /// All of them.
    pub const ALL: [Stage; 6] =
        [Stage::Receive, Stage::Decode, Stage::Activity, Stage::Route, Stage::Encode, Stage::Send];
}

/// Told after each stage of each leg.
pub trait Probe {
    /// The time since the last mark was spent on this.
    fn mark(&mut self, stage: Stage);
    /// Time from here on is spent on the next mark.
    fn begin(&mut self) {}
}

/// Nobody looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProbe;

impl Probe for NoProbe {
    #[inline(always)]
    fn mark(&mut self, _stage: Stage) {}
}
