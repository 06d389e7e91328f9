//! Where Portunus keeps what it must find again.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::Error;

/// The folder of everything that Portunus keeps on this machine for this user.
///
/// `$PORTUNUS_DATA_DIR`, or else the platform's own place for an application's data.
pub fn data_dir() -> Result<PathBuf, Error> {
    data_dir_from(|name| env::var_os(name), env::home_dir())
}

fn data_dir_from(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Result<PathBuf, Error> {
    let folder = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = folder("PORTUNUS_DATA_DIR") {
        return std::path::absolute(folder).map_err(|_| Error::NoDataDirectory);
    }
    let platform = if cfg!(windows) {
        // Local and not roaming: a private key does not travel with the user's profile.
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library/Application Support"))
    } else {
        // The XDG Base Directory Specification: a relative path is to be ignored.
        folder("XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| home.map(|home| home.join(".local/share")))
    };
    // A relative home would put keys beneath whatever folder is the current one.
    platform
        .filter(|path| path.is_absolute())
        .map(|path| path.join("portunus"))
        .ok_or(Error::NoDataDirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)], home: Option<&str>) -> Option<PathBuf> {
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(*value))
        };
        data_dir_from(variable, home.map(PathBuf::from)).ok()
    }

    #[test]
    fn the_users_word_comes_first() {
        let variables = [("PORTUNUS_DATA_DIR", "/elsewhere"), ("XDG_DATA_HOME", "/data")];
        assert_eq!(chosen(&variables, Some("/home/ann")), Some(PathBuf::from("/elsewhere")));
    }

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn xdg_is_followed() {
        assert_eq!(
            chosen(&[("XDG_DATA_HOME", "/data")], Some("/home/ann")),
            Some(PathBuf::from("/data/portunus"))
        );
        let default = Some(PathBuf::from("/home/ann/.local/share/portunus"));
        assert_eq!(chosen(&[], Some("/home/ann")), default);
        assert_eq!(
            chosen(&[("PORTUNUS_DATA_DIR", ""), ("XDG_DATA_HOME", "")], Some("/home/ann")),
            default
        );
        assert_eq!(chosen(&[("XDG_DATA_HOME", "relative")], Some("/home/ann")), default);
    }

    #[test]
    fn without_a_home_there_is_no_place() {
        assert_eq!(chosen(&[], None), None);
        assert_eq!(chosen(&[], Some("")), None);
    }
}
