//! The room `signature`.
