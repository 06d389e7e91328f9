//! The shim between BoringSSL's protocol test runner and our engine. The runner starts it once a test, tells by flags what to do and what to
//! expect, plays the peer over TCP, and judges by the exit code, by what stands on standard error, and by what came over the wire.
//!
//! Every flag in [`flags::FLAGS`] is done or checked; any other ends the test as not implemented.
#![allow(clippy::print_stderr, reason = "the runner reads our verdict there")]

mod compress;
mod configure;
mod connect;
mod credentials;
mod early;
mod expect;
mod flags;
mod later;
mod observe;
mod sessions;
mod stop;
mod stream;
mod verify;

use std::process::ExitCode;

use flags::Arguments;
use stop::Stop;

/// The runner counts the test as not run.
const NOT_IMPLEMENTED: u8 = 89;

fn main() -> ExitCode {
    let arguments: Vec<Vec<u8>> = std::env::args_os()
        .skip(1)
        .map(std::ffi::OsString::into_encoded_bytes)
        .collect();
    if arguments == [b"-is-handshaker-supported"] {
        #[allow(clippy::print_stdout, reason = "the runner asks for it")]
        {
            println!("No");
        }
        return ExitCode::SUCCESS;
    }
    match Arguments::parse(&arguments).and_then(|arguments| connect::run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::NotImplemented(what)) => {
            eprintln!("not implemented: {what}");
            ExitCode::from(NOT_IMPLEMENTED)
        }
        Err(Stop::Failed(reason)) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
        Err(Stop::Transport(error)) => {
            eprintln!(":Transport: {error}");
            ExitCode::FAILURE
        }
        Err(Stop::Tls(error)) => {
            eprintln!("{}\n{error}", stop::name(&error));
            ExitCode::FAILURE
        }
    }
}
