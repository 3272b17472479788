//! What the wire may bring: the torture messages of RFC 4475 and RFC 5118, and worse.

mod line;
mod table;
mod torture;
