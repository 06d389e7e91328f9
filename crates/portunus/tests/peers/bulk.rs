//! A gibibyte each way: the same bytes at the other end, and no more memory than for a small one.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use portunus_peers::{CURL, NGINX, NODE, PYTHON};
use portunus_tls::wire::ProtocolVersion;

use crate::as_server::Host;
use crate::house::{House, KEYS};
use crate::languages::program;
use crate::nginx;
use crate::ours::Server;
use crate::process::{Ended, Running, hexadecimal, run};
use crate::site::{Site, portunus};

const MEBIBYTE: usize = 1 << 20;
const MEBIBYTES: u64 = 1024;

/// Far more than connections need, far less than the file.
const MOST_MEMORY: u64 = 96 * MEBIBYTE as u64;

/// Writes a gibibyte of which no two mebibytes are equal; gives its SHA-256.
fn write_gibibyte(path: &Path) -> String {
    let mut file = File::create(path).unwrap();
    let mut digest = Context::new(&SHA256);
    // Without line breaks and NULs, which no form's field keeps.
    let mut block: Vec<u8> = (0..MEBIBYTE)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 7) as u8 | 0x40)
        .collect();
    for number in 0..MEBIBYTES {
        block[..8].copy_from_slice(format!("{number:08}").as_bytes());
        digest.update(&block);
        file.write_all(&block).unwrap();
    }
    hexadecimal(digest.finish().as_ref())
}

fn sha256(path: &Path) -> String {
    let mut file = File::open(path).unwrap();
    let mut digest = Context::new(&SHA256);
    let mut block = vec![0; MEBIBYTE];
    loop {
        match file.read(&mut block).unwrap() {
            0 => return hexadecimal(digest.finish().as_ref()),
            read => digest.update(&block[..read]),
        }
    }
}

/// The most memory that a process has had in use; none once it has ended.
fn peak_memory(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Runs a program of ours to its end; it has only so much memory in use.
fn run_flat(command: &mut Command) -> Ended {
    let client = Running::start(command);
    let process = client.id().to_string();
    let mut most = 0;
    while let Some(peak) = peak_memory(&process) {
        most = most.max(peak);
        std::thread::park_timeout(Duration::from_millis(20));
    }
    assert!(most < MOST_MEMORY, "our client had {most} bytes");
    client.end().succeeded()
}

fn get(scratch: &Path, root: &Path) -> Command {
    let mut command = portunus(scratch);
    command.args(["get", "-s", "--cacert"]).arg(root);
    command
}

#[test]
fn a_gibibyte_is_the_same_at_the_other_end_and_memory_stays_flat() {
    let Some(curl) = CURL.for_this_test() else { return };
    let site = Site::start();
    let (root, scratch) = (site.root_file(), tempfile::tempdir().unwrap());
    let original = site.folder().join("gibibyte");
    let expected = write_gibibyte(&original);
    let copy = scratch.path().join("copy");

    let mut command = Command::new(&curl);
    command
        .args(["-q", "--noproxy", "*", "-sS", "--http1.1", "--cacert"])
        .arg(&root);
    run(command.arg("-o").arg(&copy).arg(site.url("/gibibyte"))).succeeded();
    assert_eq!(sha256(&copy), expected, "curl over HTTP/1.1");

    let mut command = get(scratch.path(), &root);
    run_flat(command.arg("-o").arg(&copy).arg(site.url("/gibibyte")));
    assert_eq!(sha256(&copy), expected, "our client over HTTP/2");
    let most = peak_memory(&site.server.id().to_string()).unwrap();
    assert!(most < MOST_MEMORY, "our server had {most} bytes");

    let house = House::new();
    let pairs = [("P-256", house.pair(KEYS[0].1))];
    if let Some(nginx) = NGINX.for_this_test() {
        std::fs::create_dir(house.folder().join("files")).unwrap();
        std::fs::hard_link(&original, house.folder().join("files/gibibyte")).unwrap();
        let (_server, ports) = nginx::start(&nginx, &house, &pairs);
        for version in ["--http1.1", "--http2"] {
            let mut command = get(scratch.path(), &house.root_file());
            command.arg(version).arg("-o").arg(&copy);
            run_flat(command.arg(format!("https://localhost:{}/files/gibibyte", ports[0])));
            assert_eq!(sha256(&copy), expected, "our client and nginx, {version}");
        }
    }
    std::fs::remove_file(copy).unwrap();

    let server = Server::start(house.server(&pairs[0].1));
    let mut command = Command::new(&curl);
    command
        .args(["-q", "--noproxy", "*", "-sS", "-H", "Expect:", "--cacert"])
        .arg(house.root_file());
    command
        .arg("-T")
        .arg(&original)
        .arg(format!("https://localhost:{}/", server.port));
    run(&mut command).succeeded().says(&expected);

    // Each answers with the digest of what it got.
    let put = |host: &Host, version: &str| {
        let mut command = get(scratch.path(), &host.house.root_file());
        command
            .args([version, "-X", "PUT", "-d"])
            .arg(format!("@{}", original.display()));
        let sent = run_flat(command.arg(format!(
            "https://localhost:{}/",
            host.port("P-256", ProtocolVersion::TLS1_3)
        )));
        assert_eq!(String::from_utf8(sent.out).unwrap(), expected, "{version}");
    };
    if let Some(python) = PYTHON.for_this_test() {
        let host = Host::of_program(Command::new(python).arg(program("server.py")));
        put(&host, "--http1.1");
    }
    if let Some(node) = NODE.for_this_test() {
        let host = Host::of_program(Command::new(node).arg(program("server.mjs")));
        put(&host, "--http2");
    }
    // This process is the server that curl sent it to; the other tests in it hold little as well.
    let most = peak_memory("self").unwrap();
    assert!(most < 2 * MOST_MEMORY, "our streams had {most} bytes");
}
