//! Where bodies are written, and where they are not.

use std::fs;

use crate::server::{Server, Then};
use crate::{code, portunus, text};

fn hello() -> Server {
    Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Then::Close)
}

#[test]
fn o_writes_to_the_file_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = portunus(folder.path(), &["-i", "-o", "out.txt", &hello().url("/x")]);
    assert_eq!(
        (code(&output), output.stdout.len(), output.stderr.len()),
        (0, 0, 0),
        "{}",
        text(&output.stderr)
    );
    let written = fs::read_to_string(folder.path().join("out.txt")).unwrap();
    assert_eq!(written, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let output = portunus(folder.path(), &["-o", "-", &hello().url("/x")]);
    assert_eq!(output.stdout, b"hello");
}

#[test]
fn a_failure_leaves_an_old_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    fs::write(&old, "old").unwrap();
    let missing = Server::saying("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", Then::Close);
    assert_eq!(
        code(&portunus(folder.path(), &["-f", "-o", "old", &missing.url("/")])),
        22
    );
    let silent = Server::saying("", Then::Close);
    assert_eq!(code(&portunus(folder.path(), &["-o", "old", &silent.url("/")])), 52);
    assert_eq!(fs::read_to_string(&old).unwrap(), "old");
    let empty = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Close);
    assert_eq!(code(&portunus(folder.path(), &["-o", "new", &empty.url("/")])), 0);
    assert_eq!(
        fs::read_to_string(folder.path().join("new")).unwrap(),
        "",
        "an empty body is an empty file"
    );
}

#[test]
fn remote_names_come_from_the_address_and_stay_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("here");
    fs::create_dir(&here).unwrap();
    let server = hello();
    for (path, name) in [
        ("/a/file.txt?q=/x", Some("file.txt")),
        ("/a/..%2f..%2fescape", None),
        ("/a/b%2f..%2f..%2fescape", Some("b%2f..%2f..%2fescape")),
        ("/a/x\\..\\escape", Some("escape")),
        ("/.hidden", None),
        ("/a/..", None),
    ] {
        let output = portunus(&here, &["-O", &server.url(path)]);
        assert_eq!(
            code(&output),
            if name.is_some() { 0 } else { 23 },
            "{path}: {}",
            text(&output.stderr)
        );
        let files: Vec<_> = fs::read_dir(&here)
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        assert_eq!(files, name.into_iter().collect::<Vec<_>>(), "{path}");
        name.iter().for_each(|name| fs::remove_file(here.join(name)).unwrap());
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing beside the folder"
    );
}

#[test]
fn a_redirect_does_not_choose_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::answering(
        |request| match request.contains(" /evil") {
            true => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Disposition: attachment; filename=x\r\n\r\nhello"
                .to_vec(),
            false => {
                b"HTTP/1.1 302 Found\r\nLocation: /evil.sh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
            }
        },
        Then::Close,
    );
    assert_eq!(
        code(&portunus(folder.path(), &["-L", "-O", &server.url("/good.txt")])),
        0
    );
    assert_eq!(fs::read_to_string(folder.path().join("good.txt")).unwrap(), "hello");
    assert!(!folder.path().join("evil.sh").exists());
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_not_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("here");
    fs::create_dir(&here).unwrap();
    fs::write(folder.path().join("outside"), "untouched").unwrap();
    std::os::unix::fs::symlink("../outside", here.join("link.txt")).unwrap();
    let output = portunus(&here, &["-O", &hello().url("/link.txt")]);
    assert_eq!(code(&output), 23, "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("outside")).unwrap(), "untouched");
}
