//! Whether a caller is who the call says.
