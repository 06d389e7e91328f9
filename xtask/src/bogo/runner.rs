//! The runner: its source from package registries, built once into the target folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use portunus_peers::{GO, OPENSSL};
use serde::Deserialize;

use crate::run::{Failure, because, cargo, fail, output, program, step, target};
use crate::{install, peers};

/// The crate that carries BoringSSL's source, and its version.
const CRATE: &str = "boring-sys";
const VERSION: &str = "5.4.0";
const MODULE: &str = "boringssl.googlesource.com/boringssl.git";
/// What the runner is made of, from the top of that source.
const PACKAGES: [&str; 2] = ["ssl/test/runner", "util/testresult"];
/// Where Debian puts Go's libraries, and which the runner wants.
const LIBRARIES: &str = "/usr/share/gocode/src/golang.org/x";
const WANTED: [&str; 3] = ["crypto", "sys", "term"];
/// The keys that the runner embeds, which the crate leaves out; any will do.
const KEYS: [(&str, &[&str]); 7] = [
    ("rsa_2048", &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("rsa_1024", &["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
    ("ecdsa_p256", &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("ecdsa_p384", &["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    ("ecdsa_p521", &["EC", "-pkeyopt", "ec_paramgen_curve:P-521"]),
    ("ed25519", &["ED25519"]),
    ("channel_id", &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
];

/// The runner's program, built if it is not there.
pub(crate) fn get() -> Result<PathBuf, Failure> {
    let folder = target().join("bogo").join(format!("{CRATE}-{VERSION}"));
    let runner = folder.join("runner.test");
    if runner.is_file() {
        return Ok(runner);
    }
    let go = peers::get(&GO)?;
    let openssl = peers::get(&OPENSSL)?;
    libraries()?;
    let source = source()?;
    let copy = folder.join("source");
    for package in PACKAGES {
        copy_folder(&source.join(package), &copy.join(package)).map_err(because(package))?;
    }
    let module = copy.join("go.mod");
    fs::write(&module, go_module()).map_err(because(module.display()))?;
    for (name, words) in KEYS {
        let key = copy.join(PACKAGES[0]).join(format!("{name}_key.pem"));
        let mut command = program(&openssl, &["genpkey", "-quiet", "-algorithm"]);
        step(command.args(words).arg("-out").arg(key))?;
    }
    let cache = portunus_peers::folder();
    let mut build = program(go, &["test", "-c", "-o"]);
    build
        .arg(&runner)
        .arg(format!("./{}", PACKAGES[0]))
        .current_dir(&copy)
        .env("GOCACHE", cache.join("go-cache"))
        .env("GOPATH", cache.join("go-path"))
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "off")
        .env("GOENV", "off")
        .env("GOFLAGS", "-mod=mod")
        .env("CGO_ENABLED", "0");
    step(&mut build)?;
    Ok(runner)
}

fn libraries() -> Result<(), Failure> {
    if WANTED.iter().all(|name| Path::new(LIBRARIES).join(name).is_dir()) {
        return Ok(());
    }
    let packages = WANTED.map(|name| format!("golang-golang-x-{name}-dev"));
    install::debian(&packages.each_ref().map(String::as_str))
}

/// BoringSSL's source in cargo's own store, fetched for a crate of ours that has nothing but this dependency.
fn source() -> Result<PathBuf, Failure> {
    let folder = target().join("bogo").join("fetch");
    let manifest = folder.join("Cargo.toml");
    let text = format!(
        "[package]\nname = \"fetch\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n[dependencies]\n{CRATE} = \"={VERSION}\"\n\n[workspace]\n"
    );
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&manifest, text))
        .and_then(|()| fs::write(folder.join("lib.rs"), ""))
        .map_err(because(folder.display()))?;
    step(cargo(&["fetch", "--manifest-path"]).arg(&manifest))?;
    let told = output(cargo(&["metadata", "--format-version", "1", "--manifest-path"]).arg(&manifest))?;
    let metadata: Metadata = serde_json::from_str(&told).map_err(because("cargo metadata"))?;
    let package = metadata.packages.into_iter().find(|package| package.name == CRATE);
    match package.as_ref().and_then(|package| package.manifest_path.parent()) {
        Some(source) => Ok(source.join("deps/boringssl")),
        None => fail(format!("cargo metadata does not tell where {CRATE} is")),
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
}

/// A module of its own: the crate's names libraries that the runner does not use.
fn go_module() -> String {
    let each = |line: fn(&str) -> String| WANTED.map(line).concat();
    let wanted = each(|name| format!("\tgolang.org/x/{name} v0.0.0\n"));
    let replaced = each(|name| format!("\tgolang.org/x/{name} => {LIBRARIES}/{name}\n"));
    format!("module {MODULE}\n\ngo 1.27.0\n\nrequire (\n{wanted})\n\nreplace (\n{replaced})\n")
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
