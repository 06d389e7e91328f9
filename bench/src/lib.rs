//! Portunus side by side with other stacks, and with the bare primitives that none of them can do without.
//!
//! `cargo xtask bench [NAME] [--json FILE]`. Two programs: one measures time; the other takes the place of the C heap in
//! its own process to count what is allocated, and would disturb the time.

mod bare;
pub mod beside;
mod engines;
pub mod measure;
pub mod memory;
pub mod primitives;
pub mod verdicts;
mod world;
