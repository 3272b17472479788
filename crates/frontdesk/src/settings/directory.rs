//! From the settings to the directory.

use super::fault::{Problem, SettingsFault};
use super::{Settings, TrunkSettings};
use frontdesk_directory::{Directory, DirectoryFault, Number, Peer, Phone};
use frontdesk_sip_stack::Account;

/// The most that is read as a password file; a larger one is a mistake.
const PASSWORD_FILE_BYTES_MAX: u64 = 4_096;

impl Settings {
    /// The same settings with the trunks' passwords read from their files.
    ///
    /// # Errors
    /// Every password file that cannot be read, or is empty.
    pub fn with_passwords(&self) -> Result<Settings, Vec<SettingsFault>> {
        let (mut settings, mut faults) = (self.clone(), Vec::new());
        for listed in &mut settings.trunks {
            let (Some(account), Some(path)) = (&mut listed.trunk.account, &listed.password_file) else {
                continue;
            };
            match read_password(path) {
                Ok(password) => account.password = password,
                Err(problem) => faults.push(self.fault(Some(listed.line), problem)),
            }
        }
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }

    /// Who and what exists. `account` gives the secret of a phone by its account name.
    ///
    /// # Errors
    /// A phone without a secret, and everything that contradicts itself.
    pub fn directory(
        &self,
        account: impl Fn(&str) -> Option<Account>,
    ) -> Result<Directory, Vec<SettingsFault>> {
        let mut faults = Vec::new();
        let mut builder = Directory::builder();
        for tenant in &self.tenants {
            builder = builder.tenant(tenant.clone());
        }
        for phone in &self.phones {
            let Some(secret) = account(phone.number.as_str()) else {
                let number = phone.number.clone();
                faults.push(self.fault(Some(phone.line), Problem::NoSecret { number }));
                continue;
            };
            builder = builder.phone(Phone {
                tenant: phone.tenant.clone(),
                number: phone.number.clone(),
                name: phone.name.clone(),
                direct: phone.direct.clone(),
                ha1_md5: secret.ha1_md5,
                ha1_sha256: secret.ha1_sha256,
                srtp: phone.srtp,
                codecs: phone.codecs.clone(),
            });
        }
        for peer in &self.peers {
            builder = builder.peer(Peer {
                tenant: peer.tenant.clone(),
                name: peer.name.clone(),
                addresses: peer.addresses.clone(),
                certificate_names: peer.certificate_names.clone(),
                srtp: peer.srtp,
                codecs: peer.codecs.clone(),
            });
        }
        for listed in &self.trunks {
            builder = builder.trunk(listed.trunk.clone());
        }
        for number in &self.numbers {
            builder = builder.number(Number {
                tenant: number.tenant.clone(),
                number: number.number.clone(),
                flow: number.flow.clone(),
                record: number.record,
            });
        }
        match builder.build() {
            Ok(directory) if faults.is_empty() => Ok(directory),
            Ok(_) => Err(faults),
            Err(wrong) => {
                let placed = wrong
                    .into_iter()
                    .map(|fault| self.fault(self.line_of(&fault), Problem::Directory(fault)));
                faults.extend(placed);
                Err(faults)
            }
        }
    }

    pub(super) fn fault(&self, line: Option<usize>, problem: Problem) -> SettingsFault {
        SettingsFault { file: self.file.clone(), line, problem }
    }

    /// The line of the entry that a fault of the directory is about: the last of its name, for the first stands.
    fn line_of(&self, fault: &DirectoryFault) -> Option<usize> {
        match fault {
            DirectoryFault::DuplicateTenant { tenant } => {
                let at = self.tenants.iter().rposition(|listed| listed.id == *tenant);
                at.and_then(|at| self.tenant_lines.get(at).copied())
            }
            DirectoryFault::UnknownTenant { tenant, .. } => {
                let phones = self.phones.iter().map(|phone| (&phone.tenant, phone.line));
                let peers = self.peers.iter().map(|peer| (&peer.tenant, peer.line));
                let trunks = self.trunks.iter().map(|listed| (&listed.trunk.tenant, listed.line));
                let numbers = self.numbers.iter().map(|number| (&number.tenant, number.line));
                phones
                    .chain(peers)
                    .chain(trunks)
                    .chain(numbers)
                    .find(|(of, _)| *of == tenant)
                    .map(|(_, line)| line)
            }
            DirectoryFault::DuplicatePhone { number } | DirectoryFault::AccountTaken { number, .. } => {
                self.phones.iter().rfind(|phone| phone.number == *number).map(|phone| phone.line)
            }
            DirectoryFault::DuplicatePeer { name }
            | DirectoryFault::PeerWithoutAddress { name }
            | DirectoryFault::PeerAddressTaken { second: name, .. } => {
                self.peers.iter().rfind(|peer| peer.name == *name).map(|peer| peer.line)
            }
            DirectoryFault::DuplicateTrunk { name }
            | DirectoryFault::TrunkWithoutHost { name }
            | DirectoryFault::TrunkWithoutAccount { name }
            | DirectoryFault::TrunkWithoutNumbers { name } => {
                self.trunks.iter().rfind(|listed| listed.trunk.name == *name).map(|listed| listed.line)
            }
            DirectoryFault::DirectNumberTaken { number } => self
                .phones
                .iter()
                .rfind(|phone| phone.direct.as_ref() == Some(number))
                .map(|phone| phone.line),
            DirectoryFault::NotInternational { number, .. } => {
                let phones = self.phones.iter().map(|phone| (phone.direct.as_ref(), phone.line));
                let main = |listed: &TrunkSettings| listed.trunk.presentation.main.clone();
                let trunk = self.trunks.iter().rfind(|listed| main(listed).as_ref() == Some(number));
                let phone = phones.clone().find(|(direct, _)| *direct == Some(number)).map(|(_, line)| line);
                phone.or(trunk.map(|listed| listed.line))
            }
            DirectoryFault::DuplicateNumber { number } | DirectoryFault::NumberIsPhone { number } => {
                self.numbers.iter().rfind(|entry| entry.number == *number).map(|entry| entry.line)
            }
            _ => None,
        }
    }
}

fn read_password(path: &std::path::Path) -> Result<String, Problem> {
    let key = "password_file";
    let unreadable = |source| Problem::UnreadableFile { key, path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > PASSWORD_FILE_BYTES_MAX {
        return Err(Problem::BadFile {
            key,
            path: path.to_owned(),
            why: "is larger than 4 KiB: it holds one line",
        });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    match text.lines().next().map(str::trim_end) {
        Some(password) if !password.is_empty() => Ok(password.to_owned()),
        _ => Err(Problem::BadFile {
            key,
            path: path.to_owned(),
            why: "is empty: write the password into its first line",
        }),
    }
}
