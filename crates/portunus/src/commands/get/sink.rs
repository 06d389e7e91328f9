//! Where the body goes: standard output or a file, and what is never written where.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use http::HeaderMap;
use portunus_client::file_name_from_url;
use portunus_x509::Printable;

use super::{Args, failure};
use crate::failure::Failure;

/// The output. A file is made when there is something to write, so that a failed request leaves an old one alone.
pub(super) struct Sink {
    place: Place,
    file: Option<File>,
}

enum Place {
    /// `guarded` unless the user named standard output: a terminal gets no binary.
    Stdout { guarded: bool },
    /// `-o`: wherever the user says.
    Path(PathBuf),
    /// `-O`: this name in the current folder, and nowhere else.
    Here(String),
}

impl Sink {
    pub(super) fn new(args: &Args) -> Result<Self, Failure> {
        let place = if args.remote_name {
            let name = file_name_from_url(&args.url).map_err(|error| {
                Failure::new(error)
                    .hint("-o FILE names the file")
                    .exit_code(failure::WRITE)
            })?;
            Place::Here(name)
        } else {
            match &args.output {
                None => Place::Stdout { guarded: true },
                Some(path) if path.as_os_str() == "-" => Place::Stdout { guarded: false },
                Some(path) => Place::Path(path.clone()),
            }
        };
        Ok(Self { place, file: None })
    }

    pub(super) fn is_file(&self) -> bool {
        !matches!(self.place, Place::Stdout { .. })
    }

    /// A response's head as it came; a terminal gets it escaped.
    pub(super) fn head(&mut self, raw: &[u8]) -> Result<(), Failure> {
        if self.is_file() || !io::stdout().is_terminal() {
            return self.write(raw);
        }
        for line in raw.split_inclusive(|byte| *byte == b'\n') {
            self.write(format!("{}\n", Printable::new(line.trim_ascii_end())).as_bytes())?;
        }
        Ok(())
    }

    /// Fields that came after the body.
    pub(super) fn trailers(&mut self, trailers: &HeaderMap) -> Result<(), Failure> {
        for (name, value) in trailers {
            self.head(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat())?;
        }
        Ok(())
    }

    /// A piece of the body, byte for byte.
    pub(super) fn body(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        // curl's rule: a NUL is no text.
        if matches!(self.place, Place::Stdout { guarded: true }) && bytes.contains(&0) && io::stdout().is_terminal() {
            return Err(Failure::new("binary output can mess up your terminal")
                .hint("-o FILE saves it; -o - writes it here all the same")
                .exit_code(failure::WRITE));
        }
        self.write(bytes)
    }

    /// The transfer is whole: an empty body leaves an empty file.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.write(b"")
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let result = match &self.place {
            Place::Stdout { .. } => {
                let mut stdout = io::stdout().lock();
                let result = stdout.write_all(bytes).and_then(|()| stdout.flush());
                return result.map_err(|error| Failure::of_output(&error).exit_code(failure::WRITE));
            }
            Place::Path(path) => open(&mut self.file, || File::create(path)).and_then(|file| file.write_all(bytes)),
            Place::Here(name) => open(&mut self.file, || create_here(name)).and_then(|file| file.write_all(bytes)),
        };
        result.map_err(|error| {
            let name = match &self.place {
                Place::Path(path) => path.to_string_lossy().into_owned(),
                Place::Here(name) => name.clone(),
                Place::Stdout { .. } => "standard output".to_owned(),
            };
            let what = format!("cannot write {}", Printable::new(&name));
            Failure::new(what).because(&error).exit_code(failure::WRITE)
        })
    }
}

fn open(file: &mut Option<File>, create: impl FnOnce() -> io::Result<File>) -> io::Result<&mut File> {
    match file {
        Some(file) => Ok(file),
        None => Ok(file.insert(create()?)),
    }
}

/// A file beneath the current folder: a symbolic link out of it is refused.
fn create_here(name: &str) -> io::Result<File> {
    let folder = Dir::open_ambient_dir(".", ambient_authority())?;
    Ok(folder.create(name)?.into_std())
}
