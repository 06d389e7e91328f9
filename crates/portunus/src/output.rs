//! The one way to standard output: what a command prints, a broken pipe and all.

use std::io::{self, Write as _};

use crate::failure::Failure;

/// Prints it as it is and flushes, so that what was printed is with the reader when this returns.
pub(crate) fn print(text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_ref())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::of_output(&error))
}

/// The columns of the terminal, or of what is no terminal.
pub(crate) fn columns() -> usize {
    let terminal = console::Term::stdout().size_checked();
    terminal.map_or(80, |(_, columns)| columns.into())
}
