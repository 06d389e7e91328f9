//! Logs: by `tracing`, to standard error, so that standard output holds the command's own output alone.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// Logs what `$PORTUNUS_LOG` asks for (as `debug`, or `portunus_tls=trace,warn`), else what `default` lets through.
pub(crate) fn start(default: LevelFilter) {
    let filter = EnvFilter::builder()
        .with_default_directive(default.into())
        .with_env_var("PORTUNUS_LOG")
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
}
