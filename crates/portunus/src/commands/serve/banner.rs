//! What `portunus serve` says when it is ready.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use portunus_server::{Site, certificate_facts};
use portunus_x509::{DnsName, Printable};

use super::certificate::{Origin, Served};

/// What is served, where, with which certificate, until when, and how to make others trust it.
pub(super) fn text(
    site: &Site,
    addresses: &[SocketAddr],
    names: &[DnsName],
    served: &Served,
    warnings: &[String],
) -> String {
    let mut text = String::new();
    let facts = certificate_facts(&served.leaf);
    let urls = urls(addresses, names);
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "{label:<12} {value}");
    };
    line("serving", &shown(site.path()));
    for (index, url) in urls.iter().enumerate() {
        line(if index == 0 { "at" } else { "" }, url);
    }
    for address in addresses.iter().filter(|address| address.ip().is_unspecified()) {
        line(
            "",
            &format!("(port {} of every address of this machine)", address.port()),
        );
    }
    let names = Printable::new(&facts.names.join(", ")).to_string();
    let issuer = match served.origin {
        Origin::Authority { .. } => "this machine's own authority".to_owned(),
        Origin::Files { .. } => facts.issuer,
    };
    line("certificate", &format!("{names} ({}), from {issuer}", facts.key));
    if let Origin::Files { cert } = &served.origin {
        line("", &shown(cert));
    }
    let renewal = match served.origin {
        Origin::Authority { .. } => "renewed in time",
        Origin::Files { .. } => "the files are read again when two thirds of its life are over",
    };
    line("valid until", &format!("{} ({renewal})", facts.not_after));
    let first = urls.first().map_or("", String::as_str);
    match &served.origin {
        Origin::Authority { root_file } => {
            line("curl", &format!("curl --cacert <(portunus ca root) {first}"));
            line("portunus", &format!("portunus get {first} (trusts it already)"));
            line(
                "browsers",
                &format!("import {} as an authority for websites", shown(root_file)),
            );
        }
        Origin::Files { .. } => line(
            "curl",
            &format!("curl {first} (with --cacert and its root, if that is not a public one)"),
        ),
    }
    line(
        "connection",
        &format!("{first}.portunus/connection shows visitors their own"),
    );
    for warning in warnings {
        line("WARNING", warning);
    }
    text.push_str("Ctrl-C stops.\n");
    text
}

/// Where the site is, the likeliest first.
fn urls(addresses: &[SocketAddr], names: &[DnsName]) -> Vec<String> {
    let mut urls: Vec<String> = Vec::new();
    let mut add = |host: &str, port: u16| {
        let port = if port == 443 { String::new() } else { format!(":{port}") };
        let url = format!("https://{host}{port}/");
        if !urls.contains(&url) {
            urls.push(url);
        }
    };
    for address in addresses {
        if address.ip().is_loopback() || address.ip().is_unspecified() {
            add("localhost", address.port());
        }
        for name in names {
            add(name.as_str(), address.port());
        }
    }
    for address in addresses.iter().filter(|address| !address.ip().is_unspecified()) {
        let host = match address {
            SocketAddr::V4(v4) => v4.ip().to_string(),
            SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
        };
        add(&host, address.port());
    }
    urls
}

/// A path, fit for a terminal.
fn shown(path: &Path) -> String {
    Printable::new(path.as_os_str().as_encoded_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_what_can_be_reached() {
        let both = [([127, 0, 0, 1], 8443).into(), "[::1]:8443".parse().unwrap()];
        assert_eq!(
            urls(&both, &[]),
            [
                "https://localhost:8443/",
                "https://127.0.0.1:8443/",
                "https://[::1]:8443/"
            ]
        );
        let app = [DnsName::parse("app.test").unwrap()];
        assert_eq!(
            urls(&[([0, 0, 0, 0], 443).into()], &app),
            ["https://localhost/", "https://app.test/"]
        );
        assert_eq!(urls(&[([10, 0, 0, 1], 1).into()], &[]), ["https://10.0.0.1:1/"]);
    }
}
