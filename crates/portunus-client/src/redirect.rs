//! Redirects: which method, which fields, which credentials go on, by curl's rules.

use http::StatusCode;
use http::header::{AUTHORIZATION, COOKIE, HOST, LOCATION, PROXY_AUTHORIZATION};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};
use percent_encoding::{CONTROLS, percent_encode};
use url::Url;

use crate::request::{Credentials, Verb};
use crate::{Chunk, Client, Error, Event, Head, HeaderEdit, Origin, Request, Response, Scheme, limits};

/// Which redirects are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedirectPolicy {
    /// Whether https may lead to http. Credentials and cookies stay behind in any case: the origin is another.
    pub allow_clear_text: bool,
}

impl Client {
    /// Sends a request and follows its redirects, at most 50. `between` gets the head of each response that is left.
    ///
    /// As curl: any 3xx (but 304) with a Location is followed; 301 and 302 make a GET of a POST, 303 of everything but HEAD;
    /// a method of the user's own stays. Credentials, cookies and a Host of the user's own never go to another origin.
    /// Dropping the future gives the request up, as with [`Client::send`].
    pub async fn follow(
        &self,
        request: &Request,
        policy: RedirectPolicy,
        mut between: impl FnMut(&Head),
    ) -> Result<Response, Error> {
        let home = Origin::of(&request.url)?;
        let mut current = request.clone();
        for followed in 0_usize.. {
            let response = self.send(&current).await?;
            let Some(location) = location(response.head()) else {
                return Ok(response);
            };
            between(response.head());
            if followed >= limits::REDIRECTS {
                break;
            }
            let url = target(&current.url, &location, policy)?;
            let credentials_withheld = Origin::of(&url)? != home;
            current = next(request, &current, response.head().status(), url)?;
            drain(response).await;
            self.observer().note(&Event::Redirecting {
                to: &current.url,
                credentials_withheld,
            });
        }
        Err(Error::TooManyRedirects {
            limit: limits::REDIRECTS,
        })
    }
}

/// Where a response leads, if it does. A 304 answers a condition and leads nowhere.
fn location(head: &Head) -> Option<String> {
    if !head.status().is_redirection() || head.status() == StatusCode::NOT_MODIFIED {
        return None;
    }
    let value = head.headers().get(LOCATION)?.as_bytes();
    Some(match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => percent_encode(value, CONTROLS).to_string(),
    })
}

/// The address that a Location names (RFC 9110 section 10.2.2), if it may be followed.
fn target(base: &Url, location: &str, policy: RedirectPolicy) -> Result<Url, Error> {
    let invalid = |reason: String| Error::InvalidRedirect {
        location: location.to_owned(),
        reason,
    };
    let url = base.join(location).map_err(|error| invalid(error.to_string()))?;
    let to_clear_text = Origin::of(base)?.scheme() == Scheme::Https && Origin::of(&url)?.scheme() == Scheme::Http;
    if to_clear_text && !policy.allow_clear_text {
        return Err(Error::RedirectToClearText {
            location: url.to_string(),
        });
    }
    Ok(url)
}

/// The request that follows a redirect. What the user gave for the first origin is taken from `first`: a redirect that
/// comes home again finds it again.
fn next(first: &Request, current: &Request, status: StatusCode, mut url: Url) -> Result<Request, Error> {
    let verb = match (status, current.verb) {
        (StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER, Verb::Post) => Verb::Get,
        (_, verb) => verb,
    };
    let (home, there) = (Origin::of(&first.url)?, Origin::of(&url)?);
    let goes_on = |edit: &&HeaderEdit| {
        let secret = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(edit.name());
        let describes_body = BODY_FIELDS.contains(edit.name());
        (home == there || !secret)
            && (home.host() == there.host() || *edit.name() != HOST)
            && (verb == first.verb || !describes_body)
    };
    let own = Credentials::take_from(&mut url);
    Ok(Request {
        verb,
        method: first.method.clone(),
        body: if verb == Verb::Post {
            first.body.clone()
        } else {
            Default::default()
        },
        edits: first.edits.iter().filter(goes_on).cloned().collect(),
        credentials: own.or_else(|| first.credentials.clone().filter(|_| home == there)),
        url,
    })
}

/// Fields that go with the body (RFC 9110 section 15.4).
const BODY_FIELDS: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING];

/// Reads a redirect's body if it is short, so that its connection can serve again. Nothing in it matters.
async fn drain(mut response: Response) {
    if response
        .expected_length()
        .is_some_and(|length| length > limits::REDIRECT_BODY)
    {
        return;
    }
    while let Ok(Some(Chunk::Data(_) | Chunk::Trailers(_))) = response.chunk().await {
        if response.received() > limits::REDIRECT_BODY {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::parse_url;

    fn get(url: &str) -> Request {
        let edits = [
            "Authorization: Bearer t",
            "Cookie: c=1",
            "Host: h.test",
            "Content-Type: text/plain",
            "X-Own: 1",
        ];
        let request = Request::get(parse_url(url).unwrap());
        edits
            .iter()
            .fold(request, |request, edit| request.edit(edit.parse().unwrap()))
    }

    fn names(request: &Request) -> Vec<&str> {
        request.edits.iter().map(|edit| edit.name().as_str()).collect()
    }

    fn after(request: &Request, status: u16, to: &str) -> Request {
        next(
            request,
            request,
            StatusCode::from_u16(status).unwrap(),
            Url::parse(to).unwrap(),
        )
        .unwrap()
    }

    #[test]
    fn a_post_becomes_a_get_where_curl_makes_it_one() {
        let post = get("https://a.test/").post("x=1");
        for (status, verb) in [
            (300, Verb::Post),
            (301, Verb::Get),
            (302, Verb::Get),
            (303, Verb::Get),
            (307, Verb::Post),
        ] {
            let next = after(&post, status, "https://a.test/b");
            assert_eq!(next.verb, verb, "{status}");
            assert_eq!(next.body.is_empty(), verb == Verb::Get, "{status}");
            assert_eq!(names(&next).contains(&"content-type"), verb == Verb::Post, "{status}");
        }
        assert_eq!(after(&post, 308, "https://a.test/b").verb, Verb::Post);
        assert_eq!(
            after(&get("https://a.test/").head(), 303, "https://a.test/b").verb,
            Verb::Head
        );
    }

    #[test]
    fn a_method_of_the_users_own_stays() {
        let put = get("https://a.test/").post("x=1").method(Method::PUT);
        let next = after(&put, 303, "https://a.test/b");
        assert_eq!((next.wire_method(), next.body.is_empty()), (Method::PUT, true));
    }

    #[test]
    fn secrets_stay_with_their_origin_and_are_there_again_at_home() {
        let first = get("https://a.test/").credentials(Credentials::new("u", "p"));
        let same = after(&first, 302, "https://a.test:443/b");
        assert_eq!(names(&same), names(&first));
        assert!(same.credentials.is_some());
        for elsewhere in [
            "https://b.test/",
            "https://a.test:444/",
            "http://a.test/",
            "https://sub.a.test/",
        ] {
            let away = after(&first, 302, elsewhere);
            assert!(away.credentials.is_none(), "{elsewhere}");
            assert!(
                !names(&away)
                    .iter()
                    .any(|name| ["authorization", "cookie"].contains(name)),
                "{elsewhere}"
            );
            assert!(names(&away).contains(&"x-own"));
            let back = next(
                &first,
                &away,
                StatusCode::FOUND,
                Url::parse("https://a.test/c").unwrap(),
            )
            .unwrap();
            assert_eq!(names(&back), names(&first));
            assert!(back.credentials.is_some());
        }
        assert!(!names(&after(&first, 302, "https://b.test/")).contains(&"host"));
    }

    #[test]
    fn https_leads_to_http_only_by_the_users_word() {
        let base = Url::parse("https://a.test/x").unwrap();
        let refused = target(&base, "http://a.test/", RedirectPolicy::default());
        assert!(matches!(refused, Err(Error::RedirectToClearText { .. })));
        let allowed = target(&base, "http://a.test/", RedirectPolicy { allow_clear_text: true });
        assert_eq!(allowed.unwrap().as_str(), "http://a.test/");
    }

    #[test]
    fn locations_are_read_leniently_and_schemes_strictly() {
        let base = Url::parse("https://a.test/x/y").unwrap();
        let to = |location: &str| target(&base, location, RedirectPolicy::default());
        assert_eq!(to("z?q").unwrap().as_str(), "https://a.test/x/z?q");
        assert_eq!(to("//b.test").unwrap().as_str(), "https://b.test/");
        assert_eq!(to(" /a b ").unwrap().as_str(), "https://a.test/a%20b");
        assert!(matches!(to("ftp://a.test/"), Err(Error::UnsupportedScheme { .. })));
        assert!(matches!(to("file:///etc/passwd"), Err(Error::UnsupportedScheme { .. })));
        assert!(matches!(to("https://[::"), Err(Error::InvalidRedirect { .. })));
    }
}
