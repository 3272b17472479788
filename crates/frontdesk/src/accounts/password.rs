//! Passwords that a person types into a telephone.

/// Letters and digits that are not mistaken for one another; 32 of them, so that each is 5 bits of chance
/// without a bias.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
/// 80 bits: beyond guessing, since each guess is a REGISTER or a search through an HA1.
const LENGTH: usize = 16;

/// A new password.
pub(super) fn new_password(chance: &mut dyn FnMut(&mut [u8])) -> String {
    let mut bytes = [0u8; LENGTH];
    chance(&mut bytes);
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}
