//! `cargo xtask peers`: the real programs that tests talk to.

use std::path::PathBuf;

use portunus_peers::{PEERS, Package, Peer, under_ci};

use crate::install;
use crate::run::{Failure, fail};

/// Says which peers there are, and installs those that are missing where it may.
pub(crate) fn run() -> Result<(), Failure> {
    list();
    let missing: Vec<&Peer> = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let installed = install(&missing);
    let missing = self::missing();
    if missing.is_empty() {
        println!("\nAll peers are there now.");
        return Ok(());
    }
    let names = missing.iter().map(|peer| peer.name).collect::<Vec<_>>().join(", ");
    let reason = installed
        .err()
        .map_or_else(String::new, |failure| format!("\n{failure}"));
    let advice = missing.iter().map(|peer| by_hand(peer)).collect::<Vec<_>>().join("\n");
    let message = format!("Missing: {names}.{reason}\nTo install them yourself:\n{advice}");
    if under_ci() {
        return fail(message);
    }
    println!("\n{message}\nThe tests that need them are counted as not run.");
    Ok(())
}

/// The program of a peer, installed first if it is missing.
pub(crate) fn get(peer: &'static Peer) -> Result<PathBuf, Failure> {
    if let Some(program) = peer.find() {
        return Ok(program);
    }
    install(&[peer])?;
    match peer.find() {
        Some(program) => Ok(program),
        None => fail(format!("{} is missing still.\n{}", peer.name, by_hand(peer))),
    }
}

fn list() {
    println!("{:<9}  {:<43}  program", "peer", "for");
    for peer in PEERS {
        let program = peer
            .find()
            .map_or_else(|| "missing".into(), |path| path.display().to_string());
        println!("{:<9}  {:<43}  {program}", peer.name, peer.purpose);
    }
}

fn missing() -> Vec<&'static Peer> {
    PEERS.into_iter().filter(|peer| peer.find().is_none()).collect()
}

fn install(missing: &[&Peer]) -> Result<(), Failure> {
    let packages: Vec<&str> = missing
        .iter()
        .filter_map(|peer| match peer.package {
            Package::Debian(package) => Some(package),
            Package::PyPi(..) => None,
        })
        .collect();
    // One kind that cannot be had does not keep the other away.
    let debian = if packages.is_empty() {
        Ok(())
    } else {
        install::debian(&packages)
    };
    let pypi = missing.iter().any(|peer| matches!(peer.package, Package::PyPi(..)));
    let pypi = if pypi {
        install::pypi("xtask/peers.txt", &portunus_peers::folder().join("pypi"))
    } else {
        Ok(())
    };
    debian.and(pypi)
}

fn by_hand(peer: &Peer) -> String {
    match peer.package {
        Package::Debian(package) => {
            format!(
                "  {}: the package {package} of Debian, or your system's, so that `{}` runs",
                peer.name, peer.programs[0]
            )
        }
        Package::PyPi(package, _) => {
            format!(
                "  {}: PyPI's package {package}; Python 3 with pip lets `cargo xtask peers` do it",
                peer.name
            )
        }
    }
}
