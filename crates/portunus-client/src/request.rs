//! A request as curl's options describe one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Uri, Version};
use percent_encoding::percent_decode_str;
use portunus_x509::Printable;
use thiserror::Error;
use url::Url;
use zeroize::Zeroizing;

use crate::body::{Body, Sending};
use crate::{Error, Origin};

/// What is asked for, which decides how redirects change it. A method of the user's own stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Head,
    Post,
}

/// One request. Cloning is cheap: a body is shared.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) url: Url,
    pub(crate) verb: Verb,
    pub(crate) method: Option<Method>,
    pub(crate) body: Body,
    pub(crate) edits: Vec<HeaderEdit>,
    pub(crate) credentials: Option<Credentials>,
}

impl Request {
    /// A GET. User name and password in the URL become its credentials and are not sent otherwise.
    #[must_use]
    pub fn get(mut url: Url) -> Self {
        let credentials = Credentials::take_from(&mut url);
        Self {
            url,
            verb: Verb::Get,
            method: None,
            body: Body::default(),
            edits: Vec::new(),
            credentials,
        }
    }

    /// Asks for the head alone.
    #[must_use]
    pub fn head(mut self) -> Self {
        self.verb = Verb::Head;
        self
    }

    /// Sends a form's body by POST (`application/x-www-form-urlencoded`, unless a field says otherwise).
    #[must_use]
    pub fn post(mut self, body: impl Into<Body>) -> Self {
        self.verb = Verb::Post;
        self.body = body.into();
        self
    }

    /// Sends this method in place of its own. As with curl, it is kept through every redirect.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Adds, empties or removes a field.
    #[must_use]
    pub fn edit(mut self, edit: HeaderEdit) -> Self {
        self.edits.push(edit);
        self
    }

    /// Authenticates, in place of what the URL holds.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The method that goes over the wire.
    pub(crate) fn wire_method(&self) -> Method {
        self.method.clone().unwrap_or(match self.verb {
            Verb::Get => Method::GET,
            Verb::Head => Method::HEAD,
            Verb::Post => Method::POST,
        })
    }

    /// The request as HTTP of that version has it.
    pub(crate) fn assemble(&self, version: Version) -> Result<http::Request<Sending>, Error> {
        let path = match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        };
        let host = self.host()?;
        let mut uri = Uri::builder().path_and_query(path);
        let mut headers = HeaderMap::new();
        if version == Version::HTTP_2 {
            // A Host of the user's own is HTTP/2's :authority, which must not be missing (RFC 9113 section 8.3.1).
            let authority = match host {
                Some(host) => host.as_bytes().to_vec(),
                None => Origin::of(&self.url)?.authority().into_bytes(),
            };
            uri = uri.scheme(self.url.scheme()).authority(authority);
        } else if let Some(host) = host {
            headers.insert(header::HOST, host);
        }
        self.add_fields(&mut headers);
        let invalid = |error: http::Error| Error::InvalidRequest {
            reason: error.to_string(),
        };
        let mut request = http::Request::new(self.body.send());
        *request.method_mut() = self.wire_method();
        *request.uri_mut() = uri.build().map_err(invalid)?;
        *request.version_mut() = version;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// The user's Host, or the URL's; none where the user removed it.
    fn host(&self) -> Result<Option<HeaderValue>, Error> {
        match self.edits.iter().find(|edit| *edit.name() == header::HOST) {
            Some(HeaderEdit::Add(_, value)) => Ok(Some(value.clone())),
            Some(HeaderEdit::Remove(_)) => Ok(None),
            None => HeaderValue::try_from(Origin::of(&self.url)?.authority())
                .map(Some)
                .map_err(|error| Error::InvalidRequest {
                    reason: error.to_string(),
                }),
        }
    }

    /// The fields after Host in curl's order: its own, less those that the user names, then the user's.
    fn add_fields(&self, headers: &mut HeaderMap) {
        let mut default = |name: HeaderName, value: HeaderValue| {
            if !self.edits.iter().any(|edit| *edit.name() == name) {
                headers.append(name, value);
            }
        };
        if let Some(credentials) = &self.credentials {
            default(header::AUTHORIZATION, credentials.basic());
        }
        default(
            header::USER_AGENT,
            HeaderValue::from_static(concat!("portunus/", env!("CARGO_PKG_VERSION"))),
        );
        default(header::ACCEPT, HeaderValue::from_static("*/*"));
        if self.verb == Verb::Post {
            default(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
        }
        // Said even of nothing: a server may wait for more (RFC 9110 section 8.6).
        if self.verb == Verb::Post && self.body.is_empty() {
            default(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        for edit in &self.edits {
            match edit {
                HeaderEdit::Add(name, value) if *name != header::HOST => {
                    headers.append(name, value.clone());
                }
                HeaderEdit::Add(..) | HeaderEdit::Remove(_) => {}
            }
        }
    }
}

/// A user's word on one field, in curl's forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderEdit {
    /// `Name: value` or `Name;`: sent in place of our own field of that name. Several of one name are all sent.
    Add(HeaderName, HeaderValue),
    /// `Name:`: our own field of that name is not sent.
    Remove(HeaderName),
}

impl HeaderEdit {
    /// The field's name.
    #[must_use]
    pub fn name(&self) -> &HeaderName {
        match self {
            Self::Add(name, _) | Self::Remove(name) => name,
        }
    }
}

/// The text is no field in one of curl's forms, or holds characters that no field may.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{} is not a header of the form 'Name: value', 'Name:' (remove it) or 'Name;' (send it empty)",
    Printable::new(given)
)]
pub struct InvalidHeader {
    given: String,
}

impl std::str::FromStr for HeaderEdit {
    type Err = InvalidHeader;

    fn from_str(text: &str) -> Result<Self, InvalidHeader> {
        let invalid = || InvalidHeader { given: text.to_owned() };
        let name = |text: &str| HeaderName::from_bytes(text.as_bytes()).map_err(|_| invalid());
        if let Some((before, after)) = text.split_once(':') {
            let value = after.trim_matches([' ', '\t']);
            return Ok(match value {
                "" => Self::Remove(name(before)?),
                _ => Self::Add(
                    name(before)?,
                    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| invalid())?,
                ),
            });
        }
        match text.trim_end().strip_suffix(';') {
            Some(before) => Ok(Self::Add(name(before)?, HeaderValue::from_static(""))),
            None => Err(invalid()),
        }
    }
}

/// A user's name and password. Wiped when dropped; never shown.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    password: Zeroizing<String>,
}

impl Credentials {
    /// For this user.
    #[must_use]
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: Zeroizing::new(password.into()),
        }
    }

    /// What a URL holds, taken out of it.
    pub(crate) fn take_from(url: &mut Url) -> Option<Self> {
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let credentials = Self::new(decoded(url.username()), decoded(url.password().unwrap_or_default()));
        // Only a URL without a host refuses, and those are not accepted.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Some(credentials)
    }

    /// RFC 7617. Marked as sensitive, so that HPACK never indexes it (RFC 7541 section 7.1.3).
    fn basic(&self) -> HeaderValue {
        let pair = Zeroizing::new(format!("{}:{}", self.user, self.password.as_str()));
        let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Basic")); // base64 always fits
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_url;

    fn request(url: &str, edits: &[&str]) -> Request {
        let request = Request::get(parse_url(url).unwrap());
        edits
            .iter()
            .fold(request, |request, text| request.edit(text.parse().unwrap()))
    }

    fn lines(request: &Request, version: Version) -> Vec<String> {
        let request = request.assemble(version).unwrap();
        let first = format!("{} {}", request.method(), request.uri());
        let field = |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
        std::iter::once(first)
            .chain(request.headers().iter().map(field))
            .collect()
    }

    #[test]
    fn a_plain_get_says_what_curl_says() {
        let agent = concat!("user-agent: portunus/", env!("CARGO_PKG_VERSION"));
        let get = request("http://a.test:81/x?y#z", &[]);
        assert_eq!(
            lines(&get, Version::HTTP_11),
            ["GET /x?y", "host: a.test:81", agent, "accept: */*"]
        );
        assert_eq!(
            lines(&get, Version::HTTP_2),
            ["GET http://a.test:81/x?y", agent, "accept: */*"]
        );
    }

    #[test]
    fn fields_are_replaced_removed_and_sent_empty() {
        let get = request(
            "http://a.test/",
            &["User-Agent:", "ACCEPT: text/html", "X-Empty;", "X: 1", "x: 2"],
        );
        let expected = [
            "GET /",
            "host: a.test",
            "accept: text/html",
            "x-empty: ",
            "x: 1",
            "x: 2",
        ];
        assert_eq!(lines(&get, Version::HTTP_11), expected);
    }

    #[test]
    fn a_host_field_becomes_the_authority_in_http2() {
        let get = request("https://a.test/", &["Host: b.test", "User-Agent:", "Accept:"]);
        assert_eq!(lines(&get, Version::HTTP_11), ["GET /", "host: b.test"]);
        assert_eq!(lines(&get, Version::HTTP_2), ["GET https://b.test/"]);
    }

    #[test]
    fn credentials_come_from_the_url_unless_given() {
        let bare = ["User-Agent:", "Accept:"];
        let from_url = request("http://us%40er:p%3Aw@a.test/", &bare);
        assert_eq!(
            lines(&from_url, Version::HTTP_11),
            ["GET /", "host: a.test", "authorization: Basic dXNAZXI6cDp3"]
        );
        let given = from_url.credentials(Credentials::new("u", "p"));
        assert_eq!(
            lines(&given, Version::HTTP_11),
            ["GET /", "host: a.test", "authorization: Basic dTpw"]
        );
        assert_eq!(given.url().as_str(), "http://a.test/");
        assert!(!format!("{given:?}").contains("\"p\""));
    }

    #[test]
    fn a_post_has_a_type_unless_the_user_names_one() {
        let post = request("http://a.test/", &["User-Agent:", "Accept:"]).post("a=b");
        let expected = [
            "POST /",
            "host: a.test",
            "content-type: application/x-www-form-urlencoded",
        ];
        assert_eq!(lines(&post, Version::HTTP_11), expected);
        let put = post
            .edit("Content-Type: text/plain".parse().unwrap())
            .method(Method::PUT);
        assert_eq!(
            lines(&put, Version::HTTP_11),
            ["PUT /", "host: a.test", "content-type: text/plain"]
        );
    }

    #[test]
    fn what_is_no_field_is_refused() {
        for text in ["", "nonsense", ": x", "a b: c", "X: a\r\nEvil: b", "X: \0", "X; y"] {
            assert!(text.parse::<HeaderEdit>().is_err(), "{text:?}");
        }
    }
}
