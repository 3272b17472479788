//! What the wire may bring: the torture messages of RFC 4475 and RFC 5118, and worse.

mod broken;
mod line;
mod scripts;
mod table;
mod torture;
