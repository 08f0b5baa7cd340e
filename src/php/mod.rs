//! The binding: one file for each PHP class, arguments in, results out, nothing else.
//!
//! Rules that hold here: methods take `&self`; no borrow, lock, transaction of ours or
//! `block_on` spans a call into PHP; no PHP closure is kept in a Rust object.

mod exception_classes;
mod ini;
mod lifecycle;
mod raw;

use ext_php_rs::prelude::*;

use lifecycle::startup;

/// What PHP asks a module for.
#[php_module]
#[php(startup = "startup")]
pub fn get_module(module: ModuleBuilder) -> ModuleBuilder {
    module.name("causeway").version(env!("CARGO_PKG_VERSION"))
}
