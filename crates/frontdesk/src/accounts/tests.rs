use super::*;
use crate::settings::Settings;
use std::os::unix::fs::PermissionsExt;

/// Chance that is none: always the same, but never the same password twice.
fn counting() -> impl FnMut(&mut [u8]) {
    let mut state = 1u32;
    move |bytes| {
        for byte in bytes {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
    }
}

fn phones(text: &str, folder: &Path) -> Vec<PhoneSettings> {
    Settings::parse(&folder.join("desk.toml"), text).expect("right settings").phones
}

const TWO: &str = "[[phone]]\nnumber = \"1001\"\nname = \"Sales\"\n[[phone]]\nnumber = \"1002\"\n";

#[test]
fn a_first_start_makes_a_password_for_each_phone_and_a_second_start_none() {
    let folder = tempfile::tempdir().unwrap();
    let (data, phones) = (folder.path().join("data"), phones(TWO, folder.path()));
    let mut accounts = Accounts::load(&data, "frontdesk").unwrap();
    let new = accounts.provide(&phones, &mut counting()).unwrap();
    assert_eq!(new.iter().map(|new| new.account.as_str()).collect::<Vec<_>>(), ["1001", "1002"]);
    assert_ne!(new[0].password, new[1].password);
    let expected = ha1("1001", "frontdesk", &new[0].password);
    assert!(accounts.secret("1001") == Some(expected.clone()));

    let mut again = Accounts::load(&data, "frontdesk").unwrap();
    assert_eq!(again.provide(&phones, &mut counting()).unwrap(), []);
    assert!(again.secret("1001") == Some(expected));
    assert!(again.secret("1003").is_none());
}

#[test]
fn the_file_is_readable_by_its_user_alone_and_holds_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let phones = phones(TWO, folder.path());
    let new = Accounts::load(folder.path(), "r").unwrap().provide(&phones, &mut counting()).unwrap();
    let file = folder.path().join(ACCOUNTS_FILE);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(new.iter().all(|new| !text.contains(&new.password)));
    assert!(!format!("{new:?}").contains(&new[0].password));

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let told = Accounts::load(folder.path(), "r").expect_err("others may read it").to_string();
    assert!(told.contains("mode 640") && told.contains("chmod 600"), "{told}");
}

#[test]
fn a_reset_makes_a_new_password_for_one_phone() {
    let folder = tempfile::tempdir().unwrap();
    let phones = phones(TWO, folder.path());
    let mut chance = counting();
    let mut accounts = Accounts::load(folder.path(), "r").unwrap();
    accounts.provide(&phones, &mut chance).unwrap();
    let (before, other) = (accounts.secret("1001"), accounts.secret("1002"));
    let new = accounts.reset("1001", &phones, &mut chance).unwrap();
    let kept = Accounts::load(folder.path(), "r").unwrap();
    assert!(kept.secret("1001") == Some(ha1("1001", "r", &new.password)));
    assert!(kept.secret("1001") != before);
    assert!(kept.secret("1002") == other);
    let told = accounts.reset("1009", &phones, &mut chance).expect_err("no such phone").to_string();
    assert_eq!(told, "no phone 1009 is listed in the settings");
}

#[test]
fn another_realm_is_told_with_what_to_do_and_a_reset_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let phones = phones("[[phone]]\nnumber = \"1001\"\n", folder.path());
    Accounts::load(folder.path(), "old").unwrap().provide(&phones, &mut counting()).unwrap();
    let mut accounts = Accounts::load(folder.path(), "new").unwrap();
    let told = accounts.provide(&phones, &mut counting()).expect_err("the realm changed").to_string();
    assert!(told.contains("made for the realm `old` and do not fit `new`"), "{told}");
    assert!(accounts.secret("1001").is_none(), "an HA1 of another realm is no secret here");
    accounts.reset("1001", &phones, &mut counting()).unwrap();
    assert_eq!(accounts.provide(&phones, &mut counting()).unwrap(), []);
    assert!(accounts.secret("1001").is_some());
}

#[test]
fn a_password_file_is_the_operators_and_nothing_of_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[[phone]]\nnumber = \"1001\"\npassword_file = \"p\"\n";
    let phones = phones(text, folder.path());
    let mut accounts = Accounts::load(folder.path(), "r").unwrap();
    assert!(matches!(accounts.provide(&phones, &mut counting()), Err(AccountsFault::File { .. })));
    std::fs::write(folder.path().join("p"), "\n").unwrap();
    assert!(matches!(accounts.provide(&phones, &mut counting()), Err(AccountsFault::NoPassword { .. })));
    std::fs::write(folder.path().join("p"), "open sesame\n").unwrap();
    assert_eq!(accounts.provide(&phones, &mut counting()).unwrap(), []);
    assert!(accounts.secret("1001") == Some(ha1("1001", "r", "open sesame")));
    assert!(!folder.path().join(ACCOUNTS_FILE).exists());
    let told = accounts.reset("1001", &phones, &mut counting());
    assert!(matches!(told, Err(AccountsFault::OwnedByFile { .. })));
}

#[test]
fn a_damaged_file_is_refused_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(ACCOUNTS_FILE);
    let entry = |ha1: &str| {
        format!("schema = 1\n[account.1001]\nrealm = \"r\"\nha1_md5 = \"{ha1}\"\nha1_sha256 = \"{ha1}\"\n")
    };
    for text in ["schema = 2\n", "schema = 1\nother = 1\n", "{", &entry("zz"), &entry(&"+1".repeat(16))] {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(Accounts::load(folder.path(), "r"), Err(AccountsFault::Damaged { .. })), "{text}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn a_phone_that_is_not_listed_for_a_while_keeps_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (both, one) = (phones(TWO, folder.path()), phones("[[phone]]\nnumber = \"1001\"\n", folder.path()));
    let mut accounts = Accounts::load(folder.path(), "r").unwrap();
    accounts.provide(&both, &mut counting()).unwrap();
    let secret = accounts.secret("1002");
    let mut accounts = Accounts::load(folder.path(), "r").unwrap();
    assert_eq!(accounts.provide(&one, &mut counting()).unwrap(), []);
    let mut accounts = Accounts::load(folder.path(), "r").unwrap();
    assert_eq!(accounts.provide(&both, &mut counting()).unwrap(), []);
    assert!(accounts.secret("1002") == secret);
}
