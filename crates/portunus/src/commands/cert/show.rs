//! `portunus cert show`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use portunus_x509::{Certificate, Malformed, UnixTime};
use serde_json::json;

use super::facts::{self, Row};
use super::files::{self, Found};
use super::peer::{self, Peer};
use super::{document, tree};
use crate::commands::get::failure;
use crate::failure::Failure;
use crate::{clock, fingerprint, output};

/// Tell what certificates say: every field and extension in words, and who signed which
///
/// What a server shows is told as it comes, trusted or not: `portunus explain` and `portunus cert verify`
/// judge it. Warnings are by the rules for the public web; authorities of one's own need not keep all of them.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Files of certificates (PEM, DER, PKCS#7), or servers
    #[arg(required = true, value_name = "FILE|HOST[:PORT]")]
    what: Vec<String>,

    /// Print it as one JSON document
    #[arg(long)]
    json: bool,
}

/// Certificates that stand side by side: more are no comparison but a list.
const SIDE_BY_SIDE: std::ops::RangeInclusive<usize> = 2..=6;

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let now = clock::now()?;
    let mut found = Vec::new();
    for what in &args.what {
        found.append(&mut certificates(what)?);
    }
    let mut read = Vec::new();
    let mut unreadable = Vec::new();
    for one in &found {
        match Certificate::parse(&one.der) {
            Ok(certificate) => read.push((one, certificate)),
            Err(malformed) => unreadable.push((one, malformed)),
        }
    }
    output::print(if args.json {
        as_json(&read, &unreadable, now)
    } else {
        as_text(&read, &unreadable, now)
    })?;
    let code = if unreadable.is_empty() { 0 } else { failure::READ };
    Ok(ExitCode::from(code))
}

/// What is a file is one; what is called like one, or stands in a folder, is meant to be.
fn certificates(what: &str) -> Result<Vec<Found>, Failure> {
    let path = Path::new(what);
    let endings = ["pem", "crt", "cer", "cert", "der", "p7b", "p7c", "p12", "pfx"];
    let meant = path
        .extension()
        .is_some_and(|end| endings.iter().any(|ending| end.eq_ignore_ascii_case(ending)));
    let in_folder = what.contains(std::path::is_separator) && !what.contains("://");
    if path.exists() || meant || in_folder {
        return files::read(path);
    }
    let peer = Peer::parse(what).ok_or_else(|| peer::neither(what))?;
    peer.chain(what)
}

fn as_text(read: &[(&Found, Certificate<'_>)], unreadable: &[(&Found, Malformed)], now: UnixTime) -> String {
    let mut text = String::new();
    let certificates: Vec<_> = read.iter().map(|(_, certificate)| certificate.clone()).collect();
    if !certificates.is_empty() {
        text.push_str("Who signed which\n");
        for line in tree::draw(&certificates) {
            let _ = writeln!(text, "  {line}");
        }
    }
    if SIDE_BY_SIDE.contains(&certificates.len()) {
        text.push_str("\nSide by side\n");
        side_by_side(&mut text, &certificates, now, output::columns());
    }
    for (at, (found, certificate)) in read.iter().enumerate() {
        let number = at.saturating_add(1);
        let _ = writeln!(text, "\nCertificate {number}: {}", facts::subject(certificate));
        let _ = writeln!(text, "  {:<14} {}", "from", found.place);
        rows(&mut text, &facts::fields(certificate, now), "  ", 14);
        let extensions = facts::extensions(certificate);
        if !extensions.is_empty() {
            text.push_str("  extensions\n");
            rows(&mut text, &extensions, "    ", 33);
        }
        let warnings = facts::warnings(certificate, now);
        if !warnings.is_empty() {
            text.push_str("  warnings\n");
        }
        for warning in warnings {
            let _ = writeln!(text, "    ! {warning}");
        }
    }
    for (found, malformed) in unreadable {
        let _ = writeln!(
            text,
            "\nA certificate that cannot be read ({}): {malformed}",
            found.place
        );
    }
    text
}

fn rows(text: &mut String, rows: &[Row], indent: &str, width: usize) {
    for row in rows {
        let mut label = row.label.as_str();
        for value in &row.values {
            let _ = writeln!(text, "{indent}{label:<width$} {value}");
            label = "";
        }
    }
}

/// A column for each certificate, as many beside each other as there is room for.
fn side_by_side(text: &mut String, certificates: &[Certificate<'_>], now: UnixTime, columns: usize) {
    const LABEL: usize = 12;
    const NARROWEST: usize = 24;
    let room = columns.saturating_sub(LABEL).max(NARROWEST);
    let beside = (room / NARROWEST).min(certificates.len()).max(1);
    let width = (room / beside).min(44).saturating_sub(2);
    for (at, group) in certificates.chunks(beside).enumerate() {
        if at > 0 {
            text.push('\n');
        }
        let first = at.saturating_mul(beside).saturating_add(1);
        let told: Vec<_> = (first..)
            .zip(group)
            .map(|(number, one)| in_short(number, one, now))
            .collect();
        for (index, label) in LABELS.iter().enumerate() {
            let cells: Vec<_> = told
                .iter()
                .map(|cells| wrapped(cells.get(index).map(String::as_str).unwrap_or_default(), width))
                .collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or_default();
            for line in 0..height {
                let label = if line == 0 { label } else { "" };
                let mut shown = format!("  {label:<LABEL$}");
                for cell in &cells {
                    let part = cell.get(line).map(String::as_str).unwrap_or_default();
                    let padding = width.saturating_sub(console::measure_text_width(part));
                    let _ = write!(shown, "{part}{:padding$}  ", "");
                }
                let _ = writeln!(text, "{}", shown.trim_end());
            }
        }
    }
}

const LABELS: [&str; 8] = [
    "",
    "subject",
    "issuer",
    "names",
    "valid until",
    "public key",
    "signed with",
    "SHA-256",
];

/// The cells of a certificate's column, by [`LABELS`].
fn in_short(number: usize, certificate: &Certificate<'_>, now: UnixTime) -> [String; 8] {
    let fingerprint = fingerprint::sha256(certificate.der());
    [
        format!("[{number}]"),
        facts::subject(certificate),
        facts::issuer(certificate),
        facts::names(certificate).join(" "),
        format!(
            "{} ({})",
            certificate.validity().not_after,
            facts::left(certificate, now)
        ),
        facts::key(certificate.subject_public_key_info()),
        certificate.signature_algorithm().to_string(),
        format!("{}…", fingerprint.get(..23).unwrap_or(&fingerprint)),
    ]
}

/// The text in lines of at most so many columns: broken at spaces and commas where there are some.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive([' ', ',']) {
        if console::measure_text_width(&line).saturating_add(console::measure_text_width(word.trim_end())) > width
            && !line.is_empty()
        {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        for c in word.chars() {
            if console::measure_text_width(&line) >= width && c != ' ' {
                lines.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines
}

fn as_json(read: &[(&Found, Certificate<'_>)], unreadable: &[(&Found, Malformed)], now: UnixTime) -> String {
    let certificates: Vec<_> = read.iter().map(|(_, certificate)| certificate.clone()).collect();
    // Beyond those that are drawn, who signed is not looked for.
    let issuers = tree::issuers(&certificates).into_iter().chain(std::iter::repeat(None));
    let one = |((found, certificate), signed_by): (&(&Found, Certificate<'_>), Option<usize>)| {
        let mut value = facts::json(certificate, now);
        if let Some(fields) = value.as_object_mut() {
            fields.insert("from".to_owned(), json!(found.place));
            fields.insert("signed_by".to_owned(), json!(signed_by));
        }
        value
    };
    let unreadable: Vec<_> = unreadable
        .iter()
        .map(|(found, malformed)| json!({ "from": found.place, "reason": malformed.to_string() }))
        .collect();
    document(&json!({
        "portunus_cert_show": 1,
        "time": now.to_string(),
        "certificates": read.iter().zip(issuers).map(one).collect::<Vec<_>>(),
        "unreadable": unreadable,
    }))
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn cells_are_broken_where_they_can_be() {
        assert_eq!(wrapped("CN=a,O=bc", 6), ["CN=a,", "O=bc"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("", 3), [""]);
    }
}
