//! The content of a folder as a page.

use std::time::{SystemTime, UNIX_EPOCH};

use http::{Response, StatusCode};
use maud::{Markup, html};
use portunus_x509::Printable;
use time::OffsetDateTime;
use time::macros::format_description;

use super::folder::{Entry, Listing};
use crate::body::Body;
use crate::page::{html_response, page};
use crate::request_path::{RequestPath, encode_segment};

pub(super) fn response(path: &RequestPath, listing: Listing) -> Response<Body> {
    let names = path.segments().iter().map(|name| Printable::new(name).to_string());
    let title = names.fold(String::from("/"), |title, name| title + &name + "/");
    html_response(StatusCode::OK, page(&title, &content(&title, path, &listing)))
}

fn content(title: &str, path: &RequestPath, listing: &Listing) -> Markup {
    html! {
        h1 { (title) }
        @if listing.entries.is_empty() && path.is_root() {
            p { "There is nothing here." }
        } @else {
            table {
                thead { tr { th scope="col" { "Name" } th.side scope="col" { "Size" } th.side.when scope="col" { "Changed (UTC)" } } }
                tbody {
                    @if !path.is_root() {
                        tr { td { a href="../" { "../" } } td.side {} td.side.when {} }
                    }
                    @for entry in &listing.entries { (row(entry)) }
                }
            }
        }
        @if listing.more > 0 { p { "… and " (listing.more) " more." } }
    }
}

fn row(entry: &Entry) -> Markup {
    let slash = if entry.is_folder { "/" } else { "" };
    // From `./` on, so that no name can pass for a scheme.
    let link = format!("./{}{slash}", encode_segment(&entry.name));
    html! {
        tr {
            td { a href=(link) { (Printable::new(&entry.name).to_string()) (slash) } }
            td.side { @if !entry.is_folder { (size(entry.len)) } }
            td.side.when { (entry.modified.and_then(date).unwrap_or_default()) }
        }
    }
}

/// A length for people: `0 B`, `999 B`, `1.2 KiB`, `34 MiB`.
fn size(len: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if len < 1024 {
        return format!("{len} B");
    }
    let mut unit = "";
    let mut tenths = u128::from(len).saturating_mul(10);
    for larger in UNITS {
        if tenths < 10 * 1024 {
            break;
        }
        (unit, tenths) = (larger, tenths / 1024);
    }
    if tenths < 100 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", tenths / 10)
    }
}

fn date(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let date = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?;
    date.format(format_description!("[year]-[month]-[day] [hour]:[minute]"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (len, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1280, "1.2 KiB"),
            (10 * 1024, "10 KiB"),
            (1024 * 1024 - 1, "1023 KiB"),
            (34 * 1024 * 1024, "34 MiB"),
            (u64::MAX, "15 EiB"),
        ] {
            assert_eq!(size(len), expected);
        }
    }

    #[test]
    fn a_name_can_neither_break_out_nor_deceive() {
        let entry = |name: &str| Entry {
            name: name.into(),
            is_folder: false,
            len: 1,
            modified: None,
        };
        let script = row(&entry("<script>\"&.txt")).into_string();
        assert!(
            !script.contains("<script>") && script.contains("href=\"./%3Cscript%3E%22%26.txt\""),
            "{script}"
        );
        let scheme = row(&entry("javascript:alert(1)")).into_string();
        assert!(scheme.contains("href=\"./javascript%3Aalert(1)\""), "{scheme}");
        let bidi = row(&entry("\u{202e}gpj.exe\r\n\u{1b}[1m")).into_string();
        assert!(!bidi.contains(['\u{202e}', '\r', '\n', '\u{1b}']), "{bidi}");
    }
}
