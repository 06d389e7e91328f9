//! `/.portunus/connection`: what a visitor's own connection looks like from here.

use std::sync::Arc;

use http::header::{ACCEPT, CACHE_CONTROL, HeaderName, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use maud::{Markup, html};
use portunus_x509::Printable;

use crate::body::Body;
use crate::facts::{CertificateFacts, ConnectionFacts, TlsFacts};
use crate::page::{html_response, page, text_response};

/// Where the page is. It lies behind a dot, so that no file can be in its way.
pub(crate) const PATH: &str = "/.portunus/connection";

/// Other sites may neither read the page (there is no CORS) nor embed it.
const SAME_ORIGIN_ONLY: (HeaderName, HeaderValue) = (
    HeaderName::from_static("cross-origin-resource-policy"),
    HeaderValue::from_static("same-origin"),
);

/// Answers with the facts that stand among the request's extensions.
pub(crate) fn respond(parts: &Parts) -> Response<Body> {
    let unknown = ConnectionFacts::default();
    let facts = parts
        .extensions
        .get::<Arc<ConnectionFacts>>()
        .map_or(&unknown, Arc::as_ref);
    let mut response = if wants_json(parts.uri.query(), &parts.headers) {
        match serde_json::to_string_pretty(facts) {
            Ok(json) => text_response(
                StatusCode::OK,
                HeaderValue::from_static("application/json"),
                json + "\n",
            ),
            Err(error) => {
                tracing::error!("cannot write the connection's facts as JSON: {error}");
                crate::page::error_response(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on the server.")
            }
        }
    } else {
        html_response(StatusCode::OK, page("Your connection", &content(facts)))
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    let (name, value) = SAME_ORIGIN_ONLY;
    headers.insert(name, value);
    // JSON shown in a browser is a document too.
    headers
        .entry(http::header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ));
    response
}

fn wants_json(query: Option<&str>, headers: &HeaderMap) -> bool {
    let format = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find_map(|pair| pair.strip_prefix("format="));
    match format {
        Some(format) => format == "json",
        None => {
            let json = quality(headers, "application/json");
            json > 0.0 && json >= quality(headers, "text/html")
        }
    }
}

/// How much this type is wanted by its own name (RFC 9110 section 12.5.1). `*/*` asks for nothing in particular and so
/// for the page.
fn quality(headers: &HeaderMap, wanted: &str) -> f32 {
    let fields = headers.get_all(ACCEPT).iter().filter_map(|field| field.to_str().ok());
    let qualities = fields.flat_map(|field| field.split(',')).filter_map(|range| {
        let mut parameters = range.split(';').map(str::trim);
        parameters.next().filter(|name| name.eq_ignore_ascii_case(wanted))?;
        let quality = parameters.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.eq_ignore_ascii_case("q").then(|| value.parse().unwrap_or(0.0))
        });
        Some(quality.unwrap_or(1.0))
    });
    qualities.fold(0.0, f32::max)
}

fn content(facts: &ConnectionFacts) -> Markup {
    html! {
        h1 { "Your connection" }
        @match &facts.tls {
            Some(tls) => (tls_content(tls)),
            None => p { "It is not secured by TLS." },
        }
        footer { "The same as JSON: " a href="?format=json" { "?format=json" } }
    }
}

fn tls_content(tls: &TlsFacts) -> Markup {
    let proof = match (&tls.signature_scheme, tls.resumed) {
        (Some(scheme), _) => scheme.as_str(),
        (None, true) => "the earlier connection's",
        (None, false) => "unknown",
    };
    html! {
        table.facts {
            (row("Version", &tls.version))
            (row("Cipher suite", &tls.cipher_suite))
            (row("Key agreement", tls.group.as_deref().unwrap_or("none")))
            (row("Server's proof", proof))
            (row("Speaks", tls.application_protocol.as_deref().unwrap_or("not negotiated")))
            (row("Name asked for", tls.server_name.as_deref().unwrap_or("none")))
            (row("Resumed", if tls.resumed { "yes: built upon an earlier connection" } else { "no: a full handshake" }))
            (row("Early data", if tls.early_data { "accepted: what came before the handshake was done was read" } else { "no" }))
            (row("Second hello", if tls.hello_retry_request { "yes (HelloRetryRequest)" } else { "no" }))
        }
        @if !tls.certificate_chain.is_empty() {
            h2 { "The server's certificates" }
            @for certificate in tls.certificate_chain.iter() { (certificate_content(certificate)) }
        }
        @if !tls.client_certificate_chain.is_empty() {
            h2 { "Your certificates" }
            @for certificate in &tls.client_certificate_chain { (certificate_content(certificate)) }
        }
    }
}

fn certificate_content(certificate: &CertificateFacts) -> Markup {
    let names = certificate.names.join(", ");
    html! {
        table.facts {
            (row("Subject", &certificate.subject))
            @if !names.is_empty() { (row("Names", &names)) }
            (row("Issuer", &certificate.issuer))
            (row("Valid", &format!("{} to {}", certificate.not_before, certificate.not_after)))
            (row("Key", &certificate.key))
            (row("SHA-256", &certificate.sha256))
        }
    }
}

fn row(name: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (name) } td { (Printable::new(value).to_string()) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(query: Option<&str>, accept: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        wants_json(query, &headers)
    }

    #[test]
    fn json_is_for_who_asks_for_it() {
        assert!(json(None, "application/json"));
        assert!(json(None, "text/html;q=0.5, Application/JSON"));
        assert!(json(Some("format=json"), "text/html"));
        assert!(json(Some("a=b&format=json"), "*/*"));
        assert!(!json(None, "*/*"));
        assert!(!json(
            None,
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        ));
        assert!(!json(None, "application/json;q=0"));
        assert!(!json(None, "application/json;q=0.4, text/html"));
        assert!(!json(Some("format=html"), "application/json"));
        assert!(!json(None, "application/json;q=NaN"));
    }

    #[test]
    fn what_the_peer_wrote_is_escaped_on_the_page() {
        let tls = TlsFacts {
            server_name: Some("<b>\u{202e}\u{1b}[1m".into()),
            ..TlsFacts::default()
        };
        let page = content(&ConnectionFacts {
            tls: Some(tls),
            ..ConnectionFacts::default()
        })
        .into_string();
        assert!(
            !page.contains("<b>") && !page.contains('\u{202e}') && !page.contains('\u{1b}'),
            "{page}"
        );
    }
}
