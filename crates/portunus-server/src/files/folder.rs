//! The folder that is served, through a handle that cannot leave it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use cap_fs_ext::OpenOptionsSyncExt as _;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};

use super::stamp::Stamp;
use crate::limits::{LINKS, LISTED};
use crate::request_path::is_served;

#[derive(Debug)]
pub(crate) struct Folder {
    dir: Dir,
    path: PathBuf,
}

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Found {
    File(File, Stamp),
    Folder,
    /// Nothing at all, or nothing that is served: a pipe, a device, a link out of the folder.
    Nothing,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) entries: Vec<Entry>,
    /// How many entries are not shown.
    pub(super) more: usize,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) len: u64,
    pub(super) modified: Option<SystemTime>,
}

impl Folder {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let path = std::fs::canonicalize(path)?;
        let dir = Dir::open_ambient_dir(&path, ambient_authority())?;
        Ok(Self { dir, path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Finds what lies at this path beneath the folder.
    ///
    /// A file is opened only when it is known to be one: opening a pipe waits, and opening a device does things. It is
    /// opened without waiting and looked at again, because it may have been exchanged meanwhile.
    pub(super) fn find(&self, beneath: &Path) -> io::Result<Found> {
        let Some((path, metadata)) = self.look(beneath)? else {
            return Ok(Found::Nothing);
        };
        if metadata.is_dir() {
            return Ok(Found::Folder);
        }
        if !metadata.is_file() {
            return Ok(Found::Nothing);
        }
        let file = match self.dir.open_with(&path, OpenOptions::new().read(true).nonblock(true)) {
            Ok(file) => file,
            Err(error) if is_nothing(&error) => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Found::Nothing);
        }
        Ok(Found::File(file.into_std(), Stamp::new(&metadata)))
    }

    /// Lists the folder at this path, without what would not be served.
    pub(super) fn list(&self, beneath: &Path) -> io::Result<Listing> {
        let Some((path, _)) = self.look(beneath)? else {
            return Ok(Listing::default());
        };
        let mut listing = Listing::default();
        for entry in self.dir.read_dir(&path)? {
            let Ok(name) = entry?.file_name().into_string() else {
                continue;
            };
            if !is_served(&name) {
                continue;
            }
            if listing.entries.len() >= LISTED {
                listing.more = listing.more.saturating_add(1);
                continue;
            }
            // What cannot be looked at is not worth a row; what vanished meanwhile neither.
            let Ok(Some((_, metadata))) = self.look(&path.join(&name)) else {
                continue;
            };
            if metadata.is_dir() || metadata.is_file() {
                listing.entries.push(Entry {
                    name,
                    is_folder: metadata.is_dir(),
                    len: metadata.len(),
                    modified: metadata.modified().ok().map(cap_std::time::SystemTime::into_std),
                });
            }
        }
        listing
            .entries
            .sort_by_cached_key(|entry| (!entry.is_folder, entry.name.to_lowercase(), entry.name.clone()));
        Ok(listing)
    }

    /// What is known of the file or folder at this path, and the path by which it can be opened.
    fn look(&self, beneath: &Path) -> io::Result<Option<(PathBuf, Metadata)>> {
        match self.dir.metadata(beneath) {
            Ok(metadata) => return Ok(Some((beneath.to_owned(), metadata))),
            Err(error) if !is_nothing(&error) => return Err(error),
            Err(_) => {}
        }
        // The handle refuses every absolute link; one that leads back into the folder is as good as a relative one.
        let Ok(path) = self.without_links(beneath) else {
            return Ok(None);
        };
        match self.dir.metadata(&path) {
            Ok(metadata) => Ok(Some((path, metadata))),
            Err(error) if is_nothing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the links in a path by what they lead to, as long as that is beneath the folder. Whether it really is
    /// remains the handle's to judge, when the outcome is opened.
    fn without_links(&self, beneath: &Path) -> io::Result<PathBuf> {
        let mut links = 0_usize;
        let mut done = PathBuf::new();
        let mut rest = names(beneath);
        while let Some(name) = rest.pop() {
            done.push(&name);
            if !self.dir.symlink_metadata(&done)?.is_symlink() {
                continue;
            }
            links = links.saturating_add(1);
            if links > LINKS {
                return Err(io::ErrorKind::NotFound.into());
            }
            let target = self.dir.read_link_contents(&done)?;
            done.pop();
            let inside = match target.strip_prefix(&self.path) {
                Ok(inside) => {
                    done.clear();
                    inside
                }
                Err(_) => &target,
            };
            rest.extend(names(inside));
        }
        Ok(if done.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            done
        })
    }
}

/// The names in a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    let parts = path.components().filter(|part| *part != Component::CurDir);
    parts.rev().map(|part| part.as_os_str().to_owned()).collect()
}

/// Whether an error means that there is nothing to be served, rather than that something went wrong. The handle says
/// `PermissionDenied` of its own, with no code of the system's behind it, about a path that leads out of the folder.
fn is_nothing(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound, PermissionDenied};
    match error.kind() {
        NotFound | NotADirectory | InvalidFilename | InvalidInput => true,
        PermissionDenied => error.raw_os_error().is_none(),
        _ => is_a_loop_of_links(error),
    }
}

#[cfg(unix)]
fn is_a_loop_of_links(error: &io::Error) -> bool {
    rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::LOOP)
}

#[cfg(not(unix))]
fn is_a_loop_of_links(error: &io::Error) -> bool {
    /// What Windows says of it.
    const ERROR_CANT_RESOLVE_FILENAME: i32 = 1921;
    error.raw_os_error() == Some(ERROR_CANT_RESOLVE_FILENAME)
}
