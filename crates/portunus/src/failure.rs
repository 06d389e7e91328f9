//! How a command says that it could not do its work: what happened, why, and what to do about it.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::process::ExitCode;

use portunus_x509::Printable;

/// A command's failure, told to people on standard error and to programs by the exit code.
///
/// Whatever a peer chose goes in through `portunus_x509::Printable`; no secret goes in at all.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    causes: Vec<String>,
    hints: Vec<String>,
    code: u8,
    silent: bool,
}

impl Failure {
    /// Failure to do `what`, one lower-case sentence without a full stop. Exit code 1 unless said otherwise.
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self {
            what: what.to_string(),
            causes: Vec::new(),
            hints: Vec::new(),
            code: 1,
            silent: false,
        }
    }

    /// Standard output cannot be written. When its reader has seen enough (`portunus … | head`), that is no failure to
    /// complain about: the command just ends.
    pub(crate) fn of_output(error: &io::Error) -> Self {
        let silent = error.kind() == io::ErrorKind::BrokenPipe;
        let failure = Self::new(format_args!("cannot write the output: {error}")).exit_code(u8::from(!silent));
        Self { silent, ..failure }
    }

    /// The error that led to it, and what led to that.
    pub(crate) fn because(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            self.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// What the user can do about it.
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Where programs are to tell this failure from others.
    pub(crate) fn exit_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// Told by the exit code alone: the user asked for silence.
    pub(crate) fn silently(mut self) -> Self {
        self.silent = true;
        self
    }

    /// Tells it on standard error. Gives the code to exit with.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.silent {
            // Nobody is left to tell when standard error is closed too.
            let _ = io::stderr().lock().write_all(self.to_string().as_bytes());
        }
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        paragraph(f, "portunus: ", &self.what)?;
        for cause in &self.causes {
            paragraph(f, "  because ", cause)?;
        }
        for hint in &self.hints {
            paragraph(f, "  hint: ", hint)?;
        }
        Ok(())
    }
}

/// Lines after the first stand beneath the text of the first. What could deceive a reader or a terminal is shown,
/// never sent, also where somebody forgot to escape it; the backslashes of what is escaped already stay single.
fn paragraph(f: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    for (index, line) in text.lines().enumerate() {
        if index == 0 {
            f.write_str(label)?;
        } else if !line.is_empty() {
            write!(f, "{:width$}", "", width = label.len())?;
        }
        for (index, part) in line.split('\\').enumerate() {
            if index > 0 {
                f.write_char('\\')?;
            }
            write!(f, "{}", Printable::new(part))?;
        }
        f.write_char('\n')?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_as_what_because_and_hint() {
        let failure = Failure::new("cannot read it")
            .because(&io::Error::other("no disk"))
            .hint("try\nagain");
        assert_eq!(
            failure.to_string(),
            "portunus: cannot read it\n  because no disk\n  hint: try\n        again\n"
        );
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let failure = Failure::new("\u{1b}[2J\r\u{202e} and C:\\x");
        assert_eq!(failure.to_string(), "portunus: \\u{1b}[2J\\r\\u{202e} and C:\\x\n");
    }

    #[test]
    fn a_reader_that_has_seen_enough_is_no_failure() {
        let failure = Failure::of_output(&io::ErrorKind::BrokenPipe.into());
        assert!(failure.silent);
        assert_eq!(failure.code, 0);
        assert_eq!(Failure::of_output(&io::ErrorKind::StorageFull.into()).code, 1);
    }
}
