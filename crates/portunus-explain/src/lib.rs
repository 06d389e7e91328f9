//! The story of a connection, told from what an observer recorded.
//!
//! [`Recorder`] is an observer of `portunus-tls`: it keeps every message with its bytes, every secret by its name, every check and alert, and what
//! whoever connects adds of names, addresses and HTTP. The [`Recording`] is the one source of all that is told of it: [`Story::tell`] makes seven steps of
//! it, [`terminal`] shows them, [`json`] gives the event stream itself. All of these are pure functions.
//!
//! What a peer chose is escaped before it becomes part of a story. Secrets are in none of it: the engine does not give them away.

mod event;
mod failure;
pub mod json;
mod limits;
mod recorder;
mod recording;
mod story;
pub mod terminal;
mod words;

pub use event::{Event, TransportFault, What};
pub use failure::{Diagnosis, FailureKind, Fault};
pub use recorder::Recorder;
pub use recording::{Recording, Target, Totals, Trust};
pub use story::figure::{Arrow, Figure};
pub use story::text::{Block, Fact, Mark, Span, Text, Tone};
pub use story::{Step, StepState, Story};
