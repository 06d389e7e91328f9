//! The one place where the command line reads the clock; the libraries take the time as a parameter.

use std::time::{SystemTime, UNIX_EPOCH};

use portunus_x509::UnixTime;

use crate::failure::Failure;

/// The time now.
pub(crate) fn now() -> Result<UnixTime, Failure> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    since_1970
        .and_then(|duration| i64::try_from(duration.as_secs()).ok())
        .map(UnixTime)
        .ok_or_else(|| Failure::new("this machine's clock stands before 1970").hint("set the clock"))
}
