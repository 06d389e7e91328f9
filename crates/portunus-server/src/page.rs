//! The frame of every page that the server writes itself, and the headers that go with it.

use std::sync::LazyLock;

use base64::Engine as _;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::body::Body;

/// Readable on a phone, in the dark, and without asking the network for anything.
const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1d2327;--soft:#5c6870;--line:#d9dee2;--paper:#fff;--link:#0b57a4}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8eb;--soft:#9aa6ae;--line:#343b41;--paper:#15191c;--link:#7db8f2}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.25rem;color:var(--ink);background:var(--paper);font:1rem/1.5 system-ui,sans-serif}
h1{font-size:1.3rem;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin-top:2rem}
a{color:var(--link);text-decoration:none}
a:hover,a:focus{text-decoration:underline}
table{width:100%;border-collapse:collapse}
th{text-align:left;font-weight:600;color:var(--soft)}
th,td{padding:.45rem .75rem .45rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td{overflow-wrap:anywhere}
.side{text-align:right;white-space:nowrap;color:var(--soft);font-variant-numeric:tabular-nums}
.facts th{width:13rem}
p,footer{color:var(--soft)}
footer{margin-top:2rem;font-size:.9rem}
@media(max-width:36rem){.when{display:none}.facts th,.facts td{display:block;width:auto;padding:.2rem 0}.facts th{border:0}}
";

/// Nothing is loaded, run, framed or sent from our own pages: the one style sheet in them is named by its hash.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(digest);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
});

/// A whole page with this title and content.
pub(crate) fn page(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (content) }
        }
    }
}

/// A response that carries a page of our own.
pub(crate) fn html_response(status: StatusCode, page: Markup) -> Response<Body> {
    let mut response = text_response(
        status,
        HeaderValue::from_static("text/html; charset=utf-8"),
        page.into_string(),
    );
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    response
}

/// A response that carries text of our own.
pub(crate) fn text_response(status: StatusCode, content_type: HeaderValue, text: String) -> Response<Body> {
    let content = Bytes::from(text);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    *response.body_mut() = Body::from(content);
    response
}

/// The page for an answer that is not what was asked for.
pub(crate) fn error_response(status: StatusCode, sentence: &str) -> Response<Body> {
    let reason = status.canonical_reason().unwrap_or("Error");
    let title = format!("{} {reason}", status.as_str());
    let content = html! {
        h1 { (title) }
        p { (sentence) }
    };
    html_response(status, page(&title, &content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_under_the_strict_policy() {
        let response = error_response(StatusCode::NOT_FOUND, "x");
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(
            policy.ends_with("base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
            "{policy}"
        );
    }

    #[test]
    fn the_style_cannot_end_its_element() {
        assert!(!STYLE.contains('<'));
    }
}
