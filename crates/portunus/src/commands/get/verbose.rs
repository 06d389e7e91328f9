//! `-v`: what happens, in curl's lines. Everything that a peer chose is escaped.

use std::io::{Write as _, stderr};

use portunus_client::{Event, Observer};
use portunus_x509::Printable;

/// Tells on standard error: `*` what happens, `>` what is sent, `<` what comes.
pub(super) struct Verbose;

impl Observer for Verbose {
    fn note(&self, event: &Event<'_>) {
        let mut text = String::new();
        for line in lines(event) {
            text.push_str(&line);
            text.push('\n');
        }
        // Nobody is left to tell when standard error is closed.
        let _ = stderr().lock().write_all(text.as_bytes());
    }
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
