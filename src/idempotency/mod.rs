//! The room `idempotency`.
