//! Passwords that a person types into a telephone.

/// Letters and digits that are not mistaken for one another; 32 of them, so that each is 5 bits of chance
/// without a bias.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
/// 80 bits: beyond guessing, since each guess is a REGISTER or a search through an HA1.
const LENGTH: usize = 16;

/// A password shorter than this is found by trying: nothing slows down who guesses at a desk but the number of
/// requests that one address may send, because a lock could be turned against the telephone by a borrowed address.
const SAFE_LETTERS_MIN: usize = 10;

/// Whether a password that a person chose will be guessed.
pub(super) fn is_guessable(account: &str, password: &str) -> bool {
    password.chars().count() < SAFE_LETTERS_MIN
        || password.bytes().all(|letter| letter.is_ascii_digit())
        || password.contains(account)
}

/// A new password.
pub(super) fn new_password(chance: &mut dyn FnMut(&mut [u8])) -> String {
    let mut bytes = [0u8; LENGTH];
    chance(&mut bytes);
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_scanners_try_first_is_guessable_and_what_the_desk_makes_is_not() {
        for password in ["1001", "secret", "01234567890123", "phone-1001-secret"] {
            assert!(is_guessable("1001", password), "{password}");
        }
        assert!(!is_guessable("1001", &new_password(&mut |bytes| bytes.fill(7))));
        assert!(!is_guessable("1001", "correct horse"));
    }
}
