//! What `get` tells on standard error while it works: with `-v` all of it in curl's lines, else what the user should
//! know, with `-s` nothing. Everything that a peer chose is escaped.

use std::io::{Write as _, stderr};

use portunus_client::{Event, Observer};
use portunus_tls::ConnectionInfo;
use portunus_x509::{Certificate, GeneralName, Printable};

/// Tells: `*` what happens, `>` what is sent, `<` what comes.
#[derive(Clone, Copy)]
pub(in crate::commands) struct Teller {
    verbose: bool,
    silent: bool,
}

impl Teller {
    pub(in crate::commands) fn new(verbose: bool, silent: bool) -> Self {
        Self { verbose, silent }
    }

    /// Something that stops nothing, but should be known.
    pub(in crate::commands) fn warn(&self, what: &str) {
        if !self.silent {
            tell(&[format!("portunus: warning: {what}")]);
        }
    }
}

impl Observer for Teller {
    fn note(&self, event: &Event<'_>) {
        if let Event::LargeHelloRefused(origin) = event {
            self.warn(&format!(
                "{origin} answers only a small ClientHello: it, or a box on the way, chokes on one with an X25519MLKEM768 key \
                 share, which this connection had to begin without"
            ));
        }
        if self.verbose {
            tell(&lines(event));
        }
    }
}

fn tell(lines: &[String]) {
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    // Nobody is left to tell when standard error is closed.
    let _ = stderr().lock().write_all(text.as_bytes());
}

fn lines(event: &Event<'_>) -> Vec<String> {
    match event {
        Event::Resolved {
            origin,
            addresses,
            overridden,
        } => {
            let list: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
            let by = if *overridden { " (by --resolve)" } else { "" };
            vec![format!("* {origin} is at {}{by}", list.join(", "))]
        }
        Event::Trying(address) => vec![format!("*   Trying {address}...")],
        Event::AttemptFailed { address, error } => vec![format!("* {address}: {error}")],
        Event::Connected { origin, address } => vec![format!("* Connected to {origin} ({address})")],
        Event::TryingSmallHello { origin, error } => {
            vec![
                format!("* {error}"),
                format!("* Trying {origin} again with a smaller ClientHello"),
            ]
        }
        Event::Secured { info, verified, .. } => secured(info, *verified),
        Event::Reused(origin) => vec![format!("* Re-using the connection to {origin}")],
        Event::Stale(origin) => vec![format!("* The connection to {origin} was closed; making a new one")],
        Event::RequestHead(head) => marked('>', head),
        Event::ResponseHead(head) => marked('<', head.raw()),
        Event::Redirecting {
            to,
            credentials_withheld,
        } => {
            let mut lines = vec![format!("* Following the redirect to {}", Printable::new(to.as_str()))];
            if *credentials_withheld {
                lines.push("* Credentials and cookies stay behind: it is another origin".to_owned());
            }
            lines
        }
        _ => Vec::new(),
    }
}

/// What was agreed, and with whom.
fn secured(info: &ConnectionInfo, verified: bool) -> Vec<String> {
    let signed = match (info.signature_scheme, info.resumed) {
        (Some(scheme), _) => format!("signed with {scheme}"),
        (None, true) => "resumed".to_owned(),
        (None, false) => "not signed".to_owned(),
    };
    let protocol = match &info.application_protocol {
        Some(name) => format!("ALPN: the server chose {}", Printable::new(name)),
        None => "ALPN: the server chose nothing".to_owned(),
    };
    let exchange = match (info.group, info.resumed) {
        (Some(group), _) => format!("key exchange {group}"),
        // A session of TLS 1.2 goes on without one.
        (None, true) => "no key exchange".to_owned(),
        (None, false) => "RSA key transport (no forward secrecy)".to_owned(),
    };
    let mut lines = vec![
        format!("{}, {}, {exchange}, {signed}", info.version, info.cipher_suite),
        protocol,
    ];
    if let Some(Ok(certificate)) = info.server_chain.first().map(|der| Certificate::parse(der)) {
        let validity = certificate.validity();
        lines.push("Server certificate:".to_owned());
        lines.push(format!("  subject: {}", certificate.subject()));
        lines.push(format!("  names: {}", names(&certificate).join(", ")));
        lines.push(format!("  valid: {} to {}", validity.not_before, validity.not_after));
        lines.push(format!("  issuer: {}", certificate.issuer()));
    }
    lines.push(match verified {
        true => "The certificate is verified".to_owned(),
        false => "The certificate is NOT verified: this can be anybody (-k)".to_owned(),
    });
    lines.into_iter().map(|line| format!("* {line}")).collect()
}

fn names(certificate: &Certificate<'_>) -> Vec<String> {
    let name = |name: GeneralName<'_>| match name {
        GeneralName::Dns(name) => Printable::new(name).to_string(),
        GeneralName::Ip(ip) => ip.to_string(),
        other => Printable::new(&format!("{other:?}")).to_string(),
    };
    certificate
        .subject_alt_names()
        .map(|names| names.map(name).collect())
        .unwrap_or_default()
}

fn marked(mark: char, head: &[u8]) -> Vec<String> {
    let lines = head.split_inclusive(|byte| *byte == b'\n');
    lines
        .map(|line| format!("{mark} {}", Printable::new(line.trim_ascii_end())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_escaped_line_by_line() {
        let shown = lines(&Event::RequestHead(b"GET / HTTP/1.1\r\nX: \x1b[2J\xff\r\n\r\n"));
        assert_eq!(shown, ["> GET / HTTP/1.1", "> X: \\u{1b}[2J\\xff", "> "]);
    }
}
