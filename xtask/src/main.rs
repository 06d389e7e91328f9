//! What developers and CI run. `cargo xtask` alone lists the commands.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a program for a terminal"
)]

mod bench;
mod bogo;
mod constant_time;
mod deps;
mod fuzz;
mod install;
mod instrument;
mod limbo;
mod lint;
mod peers;
mod pkits;
mod readme;
mod rules;
mod run;
mod test;
mod wiping;

use std::process::ExitCode;

use fuzz::Length;
use run::{Failure, fail};

/// A command of ours.
struct Known {
    name: &'static str,
    usage: &'static str,
    help: &'static str,
}

const COMMANDS: &[Known] = &[
    Known {
        name: "test",
        usage: "test",
        help: "Build all, run every test, each README command and each fuzz target for a while",
    },
    Known {
        name: "lint",
        usage: "lint",
        help: "Check formatting, lints, documentation, dependencies and the house rules",
    },
    Known {
        name: "peers",
        usage: "peers",
        help: "Say which real peers the tests need, and install the missing ones",
    },
    Known {
        name: "fuzz",
        usage: "fuzz [TARGET] [--seconds N | --runs N]",
        help: "Search for inputs that break a target, or each in turn; 60 seconds if nothing is said",
    },
    Known {
        name: "bogo",
        usage: "bogo [--json FILE] [GLOB…]",
        help: "Run BoringSSL's protocol tests against the engine: those that a pattern names, or all",
    },
    Known {
        name: "wiping",
        usage: "wiping",
        help: "Search the memory that connections leave behind for their secrets",
    },
    Known {
        name: "constant-time",
        usage: "constant-time",
        help: "Watch how encrypted secrets are opened: nothing may hang on them",
    },
    Known {
        name: "bench",
        usage: "bench [NAME] [--json FILE]",
        help: "Measure side by side with other stacks",
    },
    Known {
        name: "limbo",
        usage: "limbo [FILE] [--json OUT]",
        help: "Verify x509-limbo's cases, of FILE or of the one that PORTUNUS_LIMBO names",
    },
    Known {
        name: "pkits",
        usage: "pkits [FILE] [--json OUT]",
        help: "Verify NIST's PKITS, by the expectations of FILE or of the one that PORTUNUS_PKITS names",
    },
];

fn main() -> ExitCode {
    if let Some(code) = instrument::as_rustc() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("cargo xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), Failure> {
    match arguments {
        [] | ["help" | "--help" | "-h"] => {
            print!("{}", usage());
            Ok(())
        }
        ["test"] => test::run(),
        ["lint"] => lint::run(),
        ["peers"] => peers::run(),
        ["fuzz", words @ ..] => {
            let (target, length) = fuzz_words(words)?;
            let outcome = fuzz::run(target, length)?;
            if outcome.failed.is_empty() {
                Ok(())
            } else {
                fail(format!("failed: {}", outcome.failed.join(", ")))
            }
        }
        ["wiping"] => wiping::run(),
        ["constant-time"] => constant_time::run(),
        ["bogo", words @ ..] => bogo::command(words),
        ["bench", words @ ..] => bench::run(words),
        ["limbo", words @ ..] => limbo::run(words),
        ["pkits", words @ ..] => pkits::run(words),
        other => fail(format!("no such command: {}\n\n{}", other.join(" "), usage())),
    }
}

fn usage() -> String {
    let lines = COMMANDS
        .iter()
        .map(|command| format!("  {:<38}  {}\n", command.usage, command.help));
    format!("Usage: cargo xtask COMMAND\n\nCommands:\n{}", lines.collect::<String>())
}

fn fuzz_words<'a>(words: &[&'a str]) -> Result<(Option<&'a str>, Length), Failure> {
    let (target, rest) = match words {
        [target, rest @ ..] if !target.starts_with('-') => (Some(*target), rest),
        rest => (None, rest),
    };
    let number = |text: &str| text.parse().map_err(|_| Failure(format!("not a number: {text}")));
    let length = match rest {
        [] => Length::Seconds(60),
        ["--seconds", seconds] => Length::Seconds(number(seconds)?),
        ["--runs", runs] => Length::Runs(number(runs)?),
        other => return fail(format!("fuzz does not understand: {}\n\n{}", other.join(" "), usage())),
    };
    Ok((target, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_fuzz_are_understood() {
        let parsed = |words: &[&'static str]| fuzz_words(words).map_err(|failure| failure.0);
        assert_eq!(parsed(&[]), Ok((None, Length::Seconds(60))));
        assert_eq!(parsed(&["alert", "--runs", "7"]), Ok((Some("alert"), Length::Runs(7))));
        assert_eq!(parsed(&["--seconds", "7"]), Ok((None, Length::Seconds(7))));
        assert!(parsed(&["--seconds"]).is_err());
        assert!(parsed(&["--runs", "many"]).is_err());
        assert!(parsed(&["alert", "--runs", "7", "--seconds", "7"]).is_err());
    }

    #[test]
    fn every_command_is_in_the_list() {
        let usage = usage();
        for name in [
            "test",
            "lint",
            "peers",
            "fuzz [TARGET] [--seconds N | --runs N]",
            "bogo [--json FILE] [GLOB…]",
            "bench [NAME] [--json FILE]",
            "limbo [FILE] [--json OUT]",
            "pkits [FILE] [--json OUT]",
        ] {
            assert!(usage.contains(name), "{name}");
        }
    }
}
