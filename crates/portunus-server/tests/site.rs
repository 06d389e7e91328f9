//! What a site answers, asked without a connection.

mod fixture;

use bytes::Bytes;
use fixture::{ask, field, get, get_with, pattern, site, write};
use http::{Method, Request, Response, StatusCode};

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

#[tokio::test]
async fn a_file_comes_with_all_that_is_known_of_it() {
    let (_folder, site) = site(&[("a.txt", b"hello")]);
    let response = get(&site, "/a.txt").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(text(&response), "hello");
    assert_eq!(field(&response, "content-type"), "text/plain; charset=utf-8");
    assert_eq!(field(&response, "content-length"), "5");
    assert_eq!(field(&response, "accept-ranges"), "bytes");
    assert_eq!(field(&response, "x-content-type-options"), "nosniff");
    assert!(field(&response, "etag").starts_with('"'));
    assert!(field(&response, "last-modified").ends_with(" GMT"));
}

#[tokio::test]
async fn large_and_empty_files_come_whole() {
    let large = pattern(3 * 1024 * 1024 + 17);
    let (_folder, site) = site(&[("large", &large), ("empty", b"")]);
    assert!(get(&site, "/large").await.body() == &large);
    let response = get(&site, "/empty").await;
    assert_eq!(
        (response.status(), field(&response, "content-length")),
        (StatusCode::OK, "0")
    );
}

#[tokio::test]
async fn head_is_get_without_the_bytes() {
    let (_folder, site) = site(&[("a.txt", b"hello"), ("sub/b", b"")]);
    for path in ["/a.txt", "/", "/sub/", "/sub", "/none", "/.portunus/connection"] {
        let full = get(&site, path).await;
        let head = ask(&site, Request::head(path).body(()).unwrap()).await;
        assert_eq!(head.status(), full.status(), "{path}");
        assert_eq!(head.headers(), full.headers(), "{path}");
        assert!(head.body().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let (_folder, site) = site(&[("a.txt", b"hello")]);
    for method in [
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::PATCH,
    ] {
        for path in ["/a.txt", "/none", "/.portunus/connection"] {
            let response = ask(&site, Request::builder().method(&method).uri(path).body(()).unwrap()).await;
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(field(&response, "allow"), "GET, HEAD");
        }
    }
}

#[tokio::test]
async fn a_folder_shows_its_index_or_its_content() {
    let (folder, site) = site(&[
        ("with/index.html", b"<p>index"),
        ("without/b<i>.txt", b"12345"),
        ("without/A/x", b""),
    ]);
    write(folder.path(), "without/.hidden", b"");
    let index = get(&site, "/with/").await;
    assert_eq!(
        (text(&index), field(&index, "content-type")),
        ("<p>index", "text/html; charset=utf-8")
    );
    let listing = get(&site, "/without/").await;
    assert_eq!(listing.status(), StatusCode::OK);
    let page = text(&listing);
    assert!(
        page.contains("href=\"./A/\"") && page.contains("href=\"./b%3Ci%3E.txt\""),
        "{page}"
    );
    assert!(
        page.contains("b&lt;i&gt;.txt") && page.contains("5 B") && page.contains("href=\"../\""),
        "{page}"
    );
    assert!(!page.contains("hidden"), "{page}");
    assert!(page.find("./A/") < page.find("./b%3C"), "folders first: {page}");
    assert!(field(&listing, "content-security-policy").starts_with("default-src 'none'"));
    assert!(!text(&get(&site, "/").await).contains("href=\"../\""));
}

#[tokio::test]
async fn a_folder_without_its_slash_is_sent_on() {
    let (folder, site) = site(&[("a b/x", b"")]);
    write(folder.path(), "evil.example/x", b"");
    for (path, location) in [
        ("/a%20b", "/a%20b/"),
        ("/a%20b?q=1", "/a%20b/?q=1"),
        ("/evil.example", "/evil.example/"),
    ] {
        let response = get(&site, path).await;
        assert_eq!(response.status(), StatusCode::MOVED_PERMANENTLY, "{path}");
        assert_eq!(field(&response, "location"), location);
    }
    assert_eq!(get(&site, "//evil.example").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&site, "/a%20b/x/").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nothing_outside_and_nothing_hidden_is_served() {
    let (folder, site) = site(&[
        ("public/a.txt", b"a"),
        ("public/.env", b"secret"),
        (".git/config", b"secret"),
    ]);
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret", b"secret");
    let name = outside.path().file_name().unwrap().to_str().unwrap();
    let up = folder.path().parent().unwrap().join(name);
    assert!(up.join("secret").exists());
    for path in [
        format!("/../{name}/secret"),
        format!("/%2e%2e/{name}/secret"),
        format!("/public/../../{name}/secret"),
        format!("/public/..%2f..%2f{name}%2fsecret"),
        format!("/..%5c{name}%5csecret"),
        format!("/%252e%252e/{name}/secret"),
        format!("//{}/secret", up.display()),
        format!("/{}/secret", up.display()),
        "/public/.env".into(),
        "/public/%2eenv".into(),
        "/.git/config".into(),
        "/.git/".into(),
        "/public/a.txt%00.html".into(),
        "/public/%ff".into(),
        "/public/%".into(),
        "/.portunus/".into(),
        "/.portunus/connection/".into(),
    ] {
        let response = get(&site, &path).await;
        assert!(
            matches!(response.status().as_u16(), 400 | 404),
            "{path}: {}",
            response.status()
        );
        assert!(!text(&response).contains("secret"), "{path}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_inside_the_folder_alone() {
    use std::os::unix::fs::symlink;
    let (folder, site) = site(&[("real/a.txt", b"inside"), ("real/deep/b.txt", b"deep")]);
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret", b"secret");
    let root = folder.path().canonicalize().unwrap();
    let link = |target: &std::path::Path, name: &str| symlink(target, root.join(name)).unwrap();
    link("real/a.txt".as_ref(), "file");
    link("real".as_ref(), "sub");
    link("../real/deep/../a.txt".as_ref(), "real/round");
    link(&root.join("real"), "absolute");
    link(&root.join("absolute/deep"), "absolute-twice");
    link(&outside.path().join("secret"), "out");
    link(outside.path(), "out-folder");
    link("..".as_ref(), "up");
    link("/".as_ref(), "slash");
    link(
        &root.join("..").join(outside.path().file_name().unwrap()),
        "round-about",
    );
    link("loop".as_ref(), "loop");
    link("nothing".as_ref(), "dangling");
    for (path, content) in [
        ("/file", "inside"),
        ("/sub/a.txt", "inside"),
        ("/sub/deep/b.txt", "deep"),
        ("/absolute/a.txt", "inside"),
        ("/absolute-twice/b.txt", "deep"),
    ] {
        let response = get(&site, path).await;
        assert_eq!(
            (response.status(), text(&response)),
            (StatusCode::OK, content),
            "{path}"
        );
    }
    for path in [
        "/out",
        "/out-folder/secret",
        "/up/",
        "/slash/etc/passwd",
        "/round-about/secret",
        "/loop",
        "/dangling",
    ] {
        assert_eq!(get(&site, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let page = get(&site, "/").await;
    for shown in ["./file", "./sub/", "./absolute/", "./absolute-twice/"] {
        assert!(text(&page).contains(shown), "{shown}");
    }
    for hidden in ["./out", "./up", "./slash", "./round-about", "./loop", "./dangling"] {
        assert!(!text(&page).contains(hidden), "{hidden}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn pipes_and_sockets_are_not_opened() {
    let (folder, site) = site(&[("a.txt", b"a")]);
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    for path in ["/pipe", "/socket"] {
        assert_eq!(get(&site, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let page = get(&site, "/").await;
    assert!(!text(&page).contains("pipe") && !text(&page).contains("socket"));
}

#[tokio::test]
async fn one_range_is_a_part() {
    let large = pattern(1_000_000);
    let (_folder, site) = site(&[("a.bin", &large)]);
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=999990-", 999_990, 1_000_000),
        ("bytes=-5", 999_995, 1_000_000),
        ("bytes=100000-899999", 100_000, 900_000),
        ("bytes=999999-2000000", 999_999, 1_000_000),
    ] {
        let response = get_with(&site, "/a.bin", &[("range", range)]).await;
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(
            field(&response, "content-range"),
            format!("bytes {from}-{}/1000000", to - 1)
        );
        assert_eq!(field(&response, "content-length"), (to - from).to_string());
        assert!(response.body() == &large[from..to], "{range}");
    }
    let response = get_with(&site, "/a.bin", &[("range", "bytes=1000000-")]).await;
    assert_eq!(response.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(field(&response, "content-range"), "bytes */1000000");
    let head = Request::head("/a.bin").header("range", "bytes=0-1").body(()).unwrap();
    assert_eq!(ask(&site, head).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn several_ranges_are_several_parts() {
    let (_folder, site) = site(&[("a.txt", b"0123456789")]);
    let response = get_with(&site, "/a.txt", &[("range", "bytes=7-,0-1")]).await;
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    let boundary = field(&response, "content-type")
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 7-9/10\r\n\r\n789\r\n\
         --{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n\
         --{boundary}--\r\n"
    );
    assert_eq!(text(&response), expected);
    assert_eq!(field(&response, "content-length"), expected.len().to_string());
    assert_eq!(field(&response, "content-range"), "");
}

#[tokio::test]
async fn a_changed_file_is_sent_anew() {
    let (folder, site) = site(&[("a.txt", b"one")]);
    let first = get(&site, "/a.txt").await;
    let etag = field(&first, "etag").to_owned();
    let unchanged = get_with(&site, "/a.txt", &[("if-none-match", &etag)]).await;
    assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(field(&unchanged, "etag"), etag);
    assert!(unchanged.body().is_empty() && field(&unchanged, "content-type").is_empty());
    let since = [("if-modified-since", field(&first, "last-modified"))];
    assert_eq!(
        get_with(&site, "/a.txt", &since).await.status(),
        StatusCode::NOT_MODIFIED
    );
    let part = [("range", "bytes=0-0"), ("if-range", etag.as_str())];
    assert_eq!(
        get_with(&site, "/a.txt", &part).await.status(),
        StatusCode::PARTIAL_CONTENT
    );

    // Of the same length, and put in the old one's place, as editors do.
    write(folder.path(), "new", b"two");
    std::fs::rename(folder.path().join("new"), folder.path().join("a.txt")).unwrap();
    let changed = get_with(&site, "/a.txt", &[("if-none-match", &etag)]).await;
    assert_eq!((changed.status(), text(&changed)), (StatusCode::OK, "two"));
    let whole = get_with(&site, "/a.txt", &part).await;
    assert_eq!((whole.status(), text(&whole)), (StatusCode::OK, "two"));
    let other = get_with(&site, "/a.txt", &[("if-match", &etag)]).await;
    assert_eq!(other.status(), StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn times_that_http_cannot_tell_do_no_harm() {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};
    let (folder, site) = site(&[("old", b"x"), ("future", b"x")]);
    let set = |name: &str, time: SystemTime| {
        let file = std::fs::File::options()
            .write(true)
            .open(folder.path().join(name))
            .unwrap();
        file.set_modified(time).unwrap();
    };
    set("old", UNIX_EPOCH - Duration::from_secs(1_000_000));
    set("future", SystemTime::now() + Duration::from_secs(1_000_000));
    for path in ["/old", "/future"] {
        let response = get(&site, path).await;
        assert_eq!(
            (response.status(), field(&response, "last-modified")),
            (StatusCode::OK, ""),
            "{path}"
        );
    }
    assert_eq!(get(&site, "/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_folder_stays_the_same_when_it_is_moved() {
    let (folder, site) = site(&[("inner/a.txt", b"a")]);
    let inner = portunus_server::Site::open(&folder.path().join("inner")).unwrap();
    std::fs::rename(folder.path().join("inner"), folder.path().join("moved")).unwrap();
    assert_eq!(get(&inner, "/a.txt").await.status(), StatusCode::OK);
    assert_eq!(get(&site, "/inner/a.txt").await.status(), StatusCode::NOT_FOUND);
    assert!(portunus_server::Site::open(&folder.path().join("inner")).is_err());
    assert!(portunus_server::Site::open(&folder.path().join("moved/a.txt")).is_err());
}

#[tokio::test]
async fn visitors_see_their_own_connection() {
    use std::sync::Arc;

    use portunus_server::{ConnectionFacts, TlsFacts};
    let (_folder, site) = site(&[]);
    let tls = TlsFacts {
        version: "TLS 1.3".into(),
        cipher_suite: "TLS_AES_128_GCM_SHA256".into(),
        group: Some("X25519MLKEM768".into()),
        ..TlsFacts::default()
    };
    let facts = Arc::new(ConnectionFacts {
        tls: Some(tls),
        ..ConnectionFacts::default()
    });
    let request = |accept: &str| {
        let builder = Request::get("/.portunus/connection").header("accept", accept);
        builder.extension(Arc::clone(&facts)).body(()).unwrap()
    };
    let page = ask(&site, request("text/html")).await;
    assert_eq!(field(&page, "content-type"), "text/html; charset=utf-8");
    assert!(text(&page).contains("X25519MLKEM768") && text(&page).contains("TLS_AES_128_GCM_SHA256"));
    let json = ask(&site, request("application/json")).await;
    assert_eq!(field(&json, "content-type"), "application/json");
    let value: serde_json::Value = serde_json::from_slice(json.body()).unwrap();
    assert_eq!(value["tls"]["group"], "X25519MLKEM768");
    assert_eq!(value["tls"]["resumed"], false);
    assert_eq!(value["tls"]["signature_scheme"], serde_json::Value::Null);
    for response in [&page, &json] {
        assert_eq!(field(response, "cache-control"), "no-store");
        assert_eq!(field(response, "x-content-type-options"), "nosniff");
        assert_eq!(field(response, "access-control-allow-origin"), "");
        let policy = field(response, "content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
    }
}
