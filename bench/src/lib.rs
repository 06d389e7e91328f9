//! Portunus side by side with other stacks, and with the bare primitives that none of them can do without.
//!
//! `cargo xtask bench [NAME] [--json FILE]`.

mod bare;
pub mod beside;
mod engines;
pub mod measure;
pub mod primitives;
mod world;
