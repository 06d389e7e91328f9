//! The key log in a file (RFC 9850).

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use portunus_tls::KeyLog;
use portunus_x509::Printable;

use crate::failure::Failure;

/// A file to which secrets are appended, readable for its owner alone.
#[derive(Debug)]
pub(super) struct KeyLogFile(Mutex<File>);

impl KeyLogFile {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let shown = Printable::new(path.as_os_str().as_encoded_bytes()).to_string();
        let file = open_private(path)
            .map_err(|error| Failure::new(format_args!("cannot write the key log {shown}")).because(&error))?;
        tracing::warn!("secrets of all connections go to {shown}: whoever reads it can read them");
        Ok(Self(Mutex::new(file)))
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]) {
        let mut line = String::with_capacity(label.len().saturating_add(200));
        line.push_str(label);
        for field in [client_random.as_slice(), secret] {
            line.push(' ');
            line.extend(field.iter().map(|byte| format!("{byte:02x}")));
        }
        line.push('\n');
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One write a line, so that lines of several processes do not mix.
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::warn!("the key log cannot be written: {error}");
        }
    }
}

#[cfg(unix)]
fn open_private(path: &Path) -> io::Result<File> {
    use std::fs::Permissions;
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    // One that was there may have been open to others.
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        std::fs::write(&path, "before\n").unwrap();
        let log = KeyLogFile::open(&path).unwrap();
        log.log("LABEL", &[0xab; 32], &[1, 2]);
        let expected = format!("before\nLABEL {} 0102\n", "ab".repeat(32));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
