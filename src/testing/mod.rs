//! The room `testing`.

pub mod failpoint;
