//! The room `segment`.
