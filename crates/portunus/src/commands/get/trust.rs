//! Whom `get` trusts: this machine's own authority and the system's, or those that the user names.

use std::path::Path;

use portunus_ca::Authority;
use portunus_client::{Trust, TrustError, Verification};
use portunus_x509::{Printable, Rejected};

use super::failure;
use super::teller::Teller;
use crate::failure::Failure;

/// `-k`, `--cacert`, or the usual.
pub(in crate::commands) fn verification(
    insecure: bool,
    cacert: Option<&Path>,
    https_may_come: bool,
    teller: &Teller,
) -> Result<Verification, Failure> {
    if insecure {
        return Ok(Verification::AcceptAnyCertificate);
    }
    if !https_may_come {
        return Ok(Verification::Trust(Trust::default()));
    }
    let Some(file) = cacert else {
        return Ok(Verification::Trust(usual(teller)));
    };
    let name = file.to_string_lossy().into_owned();
    let unusable = |error: TrustError| {
        let failure =
            Failure::new(format_args!("cannot trust {}", Printable::new(&name))).exit_code(failure::AUTHORITIES);
        match &error {
            TrustError::Empty { rejected } => rejected
                .iter()
                .fold(failure.because(&error), |failure, one| failure.hint(rejection(one))),
            _ => failure.because(&error),
        }
    };
    let bundle =
        std::fs::read(file).map_err(|error| failure::unreadable(&name, &error).exit_code(failure::AUTHORITIES))?;
    let (trust, rejected) = Trust::only(&bundle).map_err(unusable)?;
    for one in &rejected {
        teller.warn(&format!("{}, {}", Printable::new(&name), rejection(one)));
    }
    Ok(Verification::Trust(trust))
}

fn rejection((line, why): &(usize, Rejected)) -> String {
    format!("line {line}: {why}")
}

/// The system's, and this machine's own where there is one. An own one that is broken is told, and stops nothing.
fn usual(teller: &Teller) -> Trust {
    let mut trust = Trust::system();
    let Ok(data_dir) = portunus_ca::data_dir() else {
        return trust;
    };
    match Authority::open(&data_dir) {
        Ok(authority) => {
            if let Err(error) = trust.add_own_authority(authority.root_der()) {
                teller.warn(&format!("this machine's own authority is not trusted: {error}"));
            }
        }
        Err(portunus_ca::Error::NoAuthority { .. }) => {}
        Err(error) => teller.warn(&format!("this machine's own authority is not trusted: {error}")),
    }
    trust
}
