//! The authority as its users meet it: through the public interface, its files, and the eyes of other programs.

mod files;
mod issuing;
mod kept;
mod peers;
mod verdicts;

use std::fs;
use std::path::{Path, PathBuf};

use portunus_ca::Authority;
use portunus_x509::{ServerName, UnixTime};
use tempfile::TempDir;

/// 2027-01-15T08:00:00Z
const NOW: UnixTime = UnixTime(1_800_000_000);
const DAY: i64 = 86_400;

fn days_later(days: i64) -> UnixTime {
    UnixTime(NOW.0 + days * DAY)
}

fn names(texts: &[&str]) -> Vec<ServerName> {
    texts.iter().map(|text| ServerName::parse(text).unwrap()).collect()
}

/// A data directory of its own, gone at the end.
struct DataDir(TempDir);

impl DataDir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with_authority() -> (Self, Authority) {
        let data_dir = Self::new();
        let authority = Authority::open_or_create(data_dir.path(), NOW).unwrap();
        (data_dir, authority)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    /// All files below it with what they hold.
    fn contents(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.clone(), fs::read(path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }
}
