//! nginx as the server that `portunus get` and our client talk to.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use portunus_peers::NGINX;

use crate::as_server::{Abilities, BOTH, Host};
use crate::house::{House, Pair, VERSIONS};
use crate::languages::CLASSIC;
use crate::process::{PATIENCE, Running};

/// The server of one certificate; besides the line it has what the folder `files` holds.
fn server(port: u16, version: &str, root: &Path, pair: &Pair) -> String {
    let versions = if version == "TLSv1.3" {
        "TLSv1.2 TLSv1.3"
    } else {
        version
    };
    let (cert, key, root) = (pair.cert.display(), pair.key.display(), root.display());
    format!(
        r#"
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_protocols {versions}; ssl_early_data on;
        ssl_certificate {cert}; ssl_certificate_key {key};
        ssl_verify_client optional; ssl_client_certificate {root};
        location / {{ return 200 "$server_protocol $ssl_protocol $ssl_cipher $session $peer\n"; }}
        location /early {{ return 200 "early: $ssl_early_data\n"; }}
        location /files/ {{ root .; }}
    }}"#
    )
}

/// Servers of every one of [`VERSIONS`] for each certificate, in one process.
pub(crate) fn start(nginx: &Path, house: &House, pairs: &[(&str, Pair)]) -> (Running, Vec<u16>) {
    // It cannot be told to take a free port and to say which.
    let servers: Vec<_> = pairs
        .iter()
        .flat_map(|(_, pair)| VERSIONS.map(|(_, version)| (version, pair)))
        .collect();
    let listeners: Vec<_> = servers
        .iter()
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let ports: Vec<_> = listeners
        .iter()
        .map(|listener| listener.local_addr().unwrap().port())
        .collect();
    drop(listeners);
    let root = house.root_file();
    let servers = ports
        .iter()
        .zip(&servers)
        .map(|(port, (version, pair))| server(*port, version, &root, pair));
    let configuration = format!(
        r#"daemon off; master_process off; pid nginx.pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    map $ssl_session_reused $session {{ r reused; default new; }}
    map $ssl_client_verify $peer {{ SUCCESS $ssl_client_s_dn; default nobody; }}
{}
}}
"#,
        servers.collect::<String>()
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
    for port in &ports {
        while TcpStream::connect(("127.0.0.1", *port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "nginx does not listen");
            std::thread::yield_now();
        }
    }
    (server, ports)
}

#[test]
fn nginx_as_a_server() {
    let Some(nginx) = NGINX.for_this_test() else { return };
    let host = Host::start(|house, pairs| start(&nginx, house, pairs));
    host.play(&Abilities {
        groups: &CLASSIC,
        http: &BOTH,
        echoes: false,
        sees_resumption: true,
        asks: 0,
    });
}
