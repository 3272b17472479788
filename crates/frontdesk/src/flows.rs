//! The flows that the settings name: read, checked, and held against the phones that exist.

use crate::settings::Settings;
use frontdesk_call_flow::{Context, Fault, Flow, TEMPLATES, TransferTarget};
use frontdesk_directory::Directory;
use frontdesk_identifiers::{FlowId, Locale};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The flows by name.
pub type Flows = BTreeMap<FlowId, Arc<Flow>>;

/// Reads every flow that a number names: its file, or the template that the desk brings along.
///
/// # Errors
/// Everything that is wrong with any of them, with file and line.
pub fn read_flows(settings: &Settings, directory: &Directory) -> Result<Flows, Vec<Fault>> {
    let mut flows = Flows::new();
    let mut faults = Vec::new();
    for (id, place) in &settings.flows {
        let name = place.path.display().to_string();
        let (name, text) = match std::fs::read_to_string(&place.path) {
            Ok(text) => (name, text),
            Err(error) => {
                let template = TEMPLATES.iter().find(|template| template.name == id.as_str());
                match template.filter(|_| !place.named_by_path) {
                    Some(template) => (format!("template {id}"), template.text.to_owned()),
                    None => {
                        faults.push(no_file(settings, id, &name, place.line, &error));
                        continue;
                    }
                }
            }
        };
        match Flow::read(id, &name, &text) {
            Ok(flow) => {
                faults.extend(unknown_phones(settings, directory, &flow, &name, &text));
                flows.insert(id.clone(), flow);
            }
            Err(wrong) => faults.extend(wrong),
        }
    }
    if faults.is_empty() { Ok(flows) } else { Err(faults) }
}

fn no_file(settings: &Settings, id: &FlowId, name: &str, line: usize, error: &std::io::Error) -> Fault {
    let known: Vec<_> = TEMPLATES.iter().map(|template| template.name).collect();
    Fault {
        file: settings.file.display().to_string(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: 1,
        what: format!("the flow `{id}` cannot be read from {name}: {error}"),
        remedy: format!("write that file, or name a flow that the desk brings along: {}", known.join(", ")),
    }
}

/// Transfers of this flow to phones that the tenants which use it do not have.
fn unknown_phones(
    settings: &Settings,
    directory: &Directory,
    flow: &Flow,
    name: &str,
    text: &str,
) -> Vec<Fault> {
    let users: BTreeSet<_> =
        settings.numbers.iter().filter(|number| number.flow == *flow.id()).map(|n| &n.tenant).collect();
    let mut faults = Vec::new();
    for found in flow.transfer_targets(text) {
        let TransferTarget::Phone(number) = &found.target else { continue };
        for tenant in users.iter().filter(|tenant| directory.phone(tenant, number).is_none()) {
            faults.push(Fault {
                file: name.to_owned(),
                line: found.line,
                column: found.column,
                what: format!("the tenant `{tenant}` has no phone {number}"),
                remedy: format!("list [[phone]] number = \"{number}\" in {}", settings.file.display()),
            });
        }
    }
    faults
}

/// Everything that these flows will ever say for these tenants: what is rendered before the first call.
pub fn phrases(settings: &Settings, flows: &Flows) -> Vec<(Arc<str>, Locale)> {
    let mut phrases = BTreeSet::new();
    for number in &settings.numbers {
        let tenant = settings.tenants.iter().find(|tenant| tenant.id == number.tenant);
        if let (Some(tenant), Some(flow)) = (tenant, flows.get(&number.flow)) {
            let context = Context { words: tenant.words.clone(), locale: Some(tenant.locale.clone()) };
            phrases.extend(flow.phrases_to_render(&context));
        }
    }
    phrases.into_iter().collect()
}
