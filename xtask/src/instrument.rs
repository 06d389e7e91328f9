//! The compiler of what tests the engine from inside: rustc with flags for the code that is under test, and for no other.
//!
//! `cargo xtask fuzz` and `wiping` name this program to cargo as `RUSTC_WRAPPER`. Flags in RUSTFLAGS would do on stable as well, but
//! they reach every crate, and cargo would build aws-lc's C code once more for them.

use std::process::{Command, ExitCode};

use crate::run::{Failure, because, cargo};

/// Tells this program that cargo calls it in place of rustc, and what for.
const VARIABLE: &str = "PORTUNUS_INSTRUMENT";

/// The packages under test, our own and the reader of DER that peers' bytes go through.
const PACKAGES: &[&str] = &[
    "portunus-fuzz",
    "portunus-wiping",
    "portunus-tls",
    "portunus-x509",
    "asn1",
];

/// What libFuzzer wants of the compiler: a counter for each edge, a table of them, and the operands of comparisons. And
/// what we want: arithmetic that overflows is found, and a trace names lines.
const FUZZING: &[&str] = &[
    "--cfg=fuzzing",
    "-Coverflow-checks=on",
    "-Cdebuginfo=line-tables-only",
    "-Ccodegen-units=1",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// What a workspace of its own is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Fuzz targets.
    Fuzzing,
    /// The search for secrets in memory: the engine tells them.
    Wiping,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Fuzzing => "fuzzing",
            Self::Wiping => "wiping",
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Fuzzing => FUZZING,
            Self::Wiping => &["--cfg=wiping"],
        }
    }

    /// `cargo` with these words in the workspace of this purpose, whose flags the code under test gets.
    pub(crate) fn cargo(self, words: &[&str]) -> Result<Command, Failure> {
        // Said here and not in the manifest, so that cargo keeps what we build apart from what a plain `cargo build` there would.
        let (manifest, difference) = match self {
            Self::Fuzzing => ("fuzz/Cargo.toml", "debug-assertions=true"),
            Self::Wiping => ("wiping/Cargo.toml", "overflow-checks=true"),
        };
        let mut cargo = cargo(words);
        cargo.args(["--manifest-path", manifest]);
        for package in PACKAGES {
            let difference = format!("profile.release.package.{package}.{difference}");
            cargo.arg("--config").arg(difference);
        }
        let this = std::env::current_exe().map_err(because("where is this program"))?;
        cargo.env("RUSTC_WRAPPER", this).env(VARIABLE, self.name());
        Ok(cargo)
    }
}

/// Does what rustc would, if cargo calls us in its place.
pub(crate) fn as_rustc() -> Option<ExitCode> {
    let name = std::env::var_os(VARIABLE)?;
    let purpose = [Purpose::Fuzzing, Purpose::Wiping]
        .into_iter()
        .find(|purpose| name == purpose.name())?;
    let mut words = std::env::args_os().skip(1);
    let mut rustc = Command::new(words.next()?);
    let words: Vec<_> = words.collect();
    rustc.args(&words);
    if is_under_test(&words) {
        // Behind cargo's own: of two flags that say one thing, the last one holds.
        rustc.args(purpose.flags());
    }
    let status = rustc.status();
    let code = status
        .ok()
        .and_then(|status| status.code())
        .and_then(|code| u8::try_from(code).ok());
    Some(ExitCode::from(code.unwrap_or(1)))
}

fn is_under_test(words: &[std::ffi::OsString]) -> bool {
    let name = words
        .windows(2)
        .find(|pair| pair[0] == "--crate-name")
        .and_then(|pair| pair[1].to_str());
    name.is_some_and(|name| PACKAGES.iter().any(|package| package.replace('-', "_") == name))
}

#[cfg(test)]
mod tests {
    use super::is_under_test;

    #[test]
    fn our_crates_are_instrumented_and_others_are_not() {
        let words = |name: &str| vec!["--crate-name".into(), name.into(), "--edition=2024".into()];
        assert!(is_under_test(&words("portunus_tls")));
        assert!(!is_under_test(&words("aws_lc_sys")));
        assert!(!is_under_test(&words("build_script_build")));
        assert!(!is_under_test(&["-vV".into()]));
    }
}
