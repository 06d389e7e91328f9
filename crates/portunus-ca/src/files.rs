//! Files that are either wholly there or not at all, and private from their first byte on.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::{Builder, NamedTempFile, TempDir};

use crate::Error;

/// Who may read a file.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    /// Its owner alone.
    Private,
    /// Whom the user's umask lets read it.
    Public,
}

/// What stands at the name already.
#[derive(Clone, Copy)]
pub(crate) enum Existing {
    /// It stays, and writing fails with [`Error::FileExists`].
    Keep,
    /// It is replaced in one step: whoever opens the name finds the old file or the new one.
    Replace,
}

/// Makes a folder for its owner alone, and those above it. One that is there already stays as it is.
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|source| Error::file("make the folder", path, source))
}

/// A folder of a name that nobody else has, gone again unless it is moved to its place with [`move_folder`].
pub(crate) fn temporary_folder(parent: &Path) -> Result<TempDir, Error> {
    let mut builder = Builder::new();
    builder.prefix(".new-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder
        .tempdir_in(parent)
        .map_err(|source| Error::file("make a folder in", parent, source))
}

/// Moves a finished folder to its place in one step. Fails when there is already something but an empty folder.
pub(crate) fn move_folder(from: TempDir, to: &Path) -> io::Result<()> {
    sync_folder(from.path())?;
    if cfg!(windows) {
        // Not every file system lets a folder take an empty one's place there. One that is not empty cannot be removed.
        let _ = fs::remove_dir(to);
    }
    fs::rename(from.path(), to)?;
    // It has another name now: there is nothing left to remove.
    let _ = from.keep();
    to.parent().map_or(Ok(()), sync_folder)
}

/// Writes a file beneath a temporary name, brings it to the disk, and only then gives it its own name.
pub(crate) fn write(path: &Path, contents: &[u8], access: Access, existing: Existing) -> Result<(), Error> {
    let failed = |source| Error::file("write", path, source);
    let folder = path
        .parent()
        .ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let mut file = temporary_file(folder, access).map_err(failed)?;
    file.write_all(contents)
        .and_then(|()| file.as_file().sync_all())
        .map_err(failed)?;
    match existing {
        Existing::Replace => file.persist(path),
        Existing::Keep => file.persist_noclobber(path),
    }
    .map_err(|refused| match refused.error.kind() {
        io::ErrorKind::AlreadyExists => Error::FileExists { path: path.to_owned() },
        _ => failed(refused.error),
    })?;
    sync_folder(folder).map_err(failed)
}

/// Whether a file's mode lets anybody but its owner read it.
pub(crate) fn others_may_read(path: &Path) -> bool {
    #[cfg(unix)]
    let others = fs::metadata(path)
        .is_ok_and(|found| std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o044 != 0);
    #[cfg(not(unix))]
    let others = {
        let _ = path;
        false
    };
    others
}

fn temporary_file(folder: &Path, access: Access) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".new-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(match access {
        Access::Private => 0o600,
        Access::Public => 0o666,
    }));
    #[cfg(not(unix))]
    let _ = access;
    builder.tempfile_in(folder)
}

/// A name lasts through a power failure once its folder is on the disk.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()
    } else {
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_private_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write(&path, b"secret", Access::Private, Existing::Keep).unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"secret");
        assert!(!others_may_read(&path));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(others_may_read(&path));
        let made = folder.path().join("a/b");
        make_folder(&made).unwrap();
        assert_eq!(mode(&made), 0o700);
        assert_eq!(mode(&folder.path().join("a")), 0o700);
    }

    #[test]
    fn what_is_there_is_kept_or_replaced_as_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"old", Access::Public, Existing::Keep).unwrap();
        let refused = write(&path, b"new", Access::Public, Existing::Keep);
        assert!(matches!(refused, Err(Error::FileExists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        write(&path, b"new", Access::Private, Existing::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o600, "the old file's mode does not stay");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing temporary is left"
        );
    }

    #[test]
    fn a_folder_takes_the_place_of_an_empty_one_alone() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("ca");
        fs::create_dir(&place).unwrap();
        for (contents, moves) in [("first", true), ("second", false)] {
            let new = temporary_folder(parent.path()).unwrap();
            assert_eq!(mode(new.path()), 0o700);
            fs::write(new.path().join("file"), contents).unwrap();
            assert_eq!(move_folder(new, &place).is_ok(), moves);
        }
        assert_eq!(fs::read_to_string(place.join("file")).unwrap(), "first");
        assert_eq!(
            fs::read_dir(parent.path()).unwrap().count(),
            1,
            "nothing temporary is left"
        );
    }
}
