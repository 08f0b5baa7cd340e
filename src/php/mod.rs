//! The binding: one file for each PHP class.
