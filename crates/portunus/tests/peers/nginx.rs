//! nginx as the server that `portunus get` and our client talk to.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use portunus_peers::NGINX;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::house::{House, KEYS, Pair};
use crate::ours::{block_on, connect};
use crate::process::{PATIENCE, Running};
use crate::site::get;

fn start(nginx: &Path, house: &House, pair: &Pair) -> (Running, u16) {
    // It cannot be told to take a free port and to say which.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (cert, key, root) = (pair.cert.display(), pair.key.display(), house.root_file());
    let root = root.display();
    let configuration = format!(
        r#"daemon off; master_process off; pid nginx.pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_protocols TLSv1.3;
        ssl_certificate {cert}; ssl_certificate_key {key};
        ssl_verify_client optional; ssl_client_certificate {root};
        location / {{ return 200 "$server_protocol $ssl_protocol $ssl_cipher $ssl_client_verify\n"; }}
    }}
}}
"#
    );
    let file = house.folder().join("nginx.conf");
    std::fs::write(&file, configuration).unwrap();
    let mut command = Command::new(nginx);
    command
        .args(["-e", "stderr", "-p"])
        .arg(house.folder())
        .arg("-c")
        .arg(file);
    let server = Running::start(&mut command);
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < PATIENCE, "nginx does not listen");
        std::thread::yield_now();
    }
    (server, port)
}

#[test]
fn nginx_answers_get_over_both_versions_of_http() {
    let Some(nginx) = NGINX.for_this_test() else { return };
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let (_server, port) = start(&nginx, &house, &house.pair(algorithm));
        for (option, version) in [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2.0")] {
            let page = get(&house.root_file(), port, "/", &["-s", option]).succeeded();
            let text = String::from_utf8(page.out).unwrap();
            assert!(text.starts_with(&format!("{version} TLSv1.3 TLS_")), "{kind}: {text}");
            assert!(text.ends_with(" NONE\n"), "{kind}: {text}");
        }
    }
}

#[test]
fn nginx_verifies_our_certificate() {
    let Some(nginx) = NGINX.for_this_test() else { return };
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let pair = house.pair(algorithm);
        let (_server, port) = start(&nginx, &house, &pair);
        let config = Arc::new(house.client().with_identity(pair.identities()));
        block_on(async {
            let mut stream = connect(&config, port).await;
            let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            stream.write_all(request).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with(" SUCCESS\n"), "{kind}: {answer}");
        });
    }
}
