//! Flows to start from, shipped with the desk.

/// A template: the name of its flow, and the text of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowTemplate {
    /// The flow's name; the file is called after it.
    pub name: &'static str,
    /// The file, with its comments.
    pub text: &'static str,
}

/// Greets, asks for sales or reception, and puts through to the phones 1001 and 1002.
pub const RECEPTION: FlowTemplate =
    FlowTemplate { name: "reception", text: include_str!("../templates/reception.toml") };

/// All of them.
pub const TEMPLATES: [FlowTemplate; 1] = [RECEPTION];
