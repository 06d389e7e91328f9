//! `portunus ca`: what a file of commands and their output cannot tell.

use std::process::Stdio;

use portunus_x509::pem;

use crate::portunus;

#[test]
fn root_prints_the_certificate_alone() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        portunus(folder.path())
            .args(["ca", "init"])
            .output()
            .unwrap()
            .status
            .success()
    );
    let root = portunus(folder.path()).args(["ca", "root"]).output().unwrap();
    assert!(root.stderr.is_empty());
    assert_eq!(pem::certificates(&root.stdout).unwrap().len(), 1);
    assert_eq!(root.stdout, std::fs::read(folder.path().join("ca/root.pem")).unwrap());
}

#[test]
fn a_failure_leaves_standard_output_empty() {
    let folder = tempfile::tempdir().unwrap();
    let root = portunus(folder.path()).args(["ca", "root"]).output().unwrap();
    assert_eq!(root.status.code(), Some(1));
    assert!(root.stdout.is_empty());
    assert!(root.stderr.starts_with(b"portunus: "));
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        portunus(folder.path())
            .args(["ca", "init"])
            .output()
            .unwrap()
            .status
            .success()
    );
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let show = portunus(folder.path())
        .args(["ca", "show"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert!(show.status.success(), "{show:?}");
    assert!(show.stderr.is_empty(), "{}", String::from_utf8_lossy(&show.stderr));
}

#[test]
fn of_many_that_start_at_once_one_makes_the_authority() {
    let folder = tempfile::tempdir().unwrap();
    let started: Vec<_> = (0..8)
        .map(|_| {
            portunus(folder.path())
                .args(["ca", "init"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut made = 0;
    for process in started {
        let output = process.wait_with_output().unwrap();
        if output.status.success() {
            made += 1;
        } else {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("there is an authority in"), "{said}");
        }
    }
    assert_eq!(made, 1);
    assert!(
        portunus(folder.path())
            .args(["ca", "issue", "localhost", "--out"])
            .arg(folder.path())
            .status()
            .unwrap()
            .success()
    );
}
