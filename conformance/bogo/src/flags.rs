//! The runner's flags: what each takes and where it goes.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::early::Early;
use crate::stop::Stop;

/// What to do and what to expect in one kind of connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    // The process.
    pub(crate) port: u16,
    pub(crate) shim_id: u64,
    pub(crate) ipv6: bool,
    pub(crate) server: bool,
    pub(crate) resume_count: u32,
    pub(crate) slow: bool,
    pub(crate) resumption_delay: i64,
    pub(crate) max_send_fragment: Option<u16>,
    pub(crate) resumes_across_names: bool,

    // What is allowed.
    pub(crate) min_version: Option<u16>,
    pub(crate) max_version: Option<u16>,
    pub(crate) no_versions: Vec<u16>,
    pub(crate) cipher_suites: Vec<u16>,
    pub(crate) older_suites: Option<Vec<u8>>,
    pub(crate) groups: Vec<u16>,
    pub(crate) key_shares: Option<Vec<u16>>,
    pub(crate) server_groups: Vec<u16>,
    pub(crate) verify_schemes: Vec<u16>,
    pub(crate) grease: bool,
    pub(crate) is_fallback: bool,

    // Who we are, and who the peer has to be.
    pub(crate) default_credential: Credential,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) trust_cert: Option<PathBuf>,
    pub(crate) verify_peer: bool,
    pub(crate) verify_fail: bool,
    pub(crate) verifies_resumed: bool,
    pub(crate) require_client_certificate: bool,
    pub(crate) custom_verify: bool,
    pub(crate) own_client_choice: bool,
    pub(crate) own_configuration_choice: bool,
    pub(crate) refuse_configuration: bool,
    pub(crate) fails_choice: bool,
    pub(crate) choice_alert: Option<u8>,
    pub(crate) certificate_compression: CertificateCompression,
    pub(crate) asks_for_status: bool,
    pub(crate) asks_for_timestamps: bool,
    pub(crate) own_ocsp_choice: bool,
    pub(crate) staples_by_choice: bool,
    pub(crate) declines_ocsp: bool,
    pub(crate) fails_ocsp: bool,
    pub(crate) authorities: Option<Vec<u8>>,
    pub(crate) host_name: Option<Vec<u8>>,
    pub(crate) advertise_alpn: Option<Vec<u8>>,
    pub(crate) select_alpn: Option<Vec<u8>>,
    pub(crate) reject_alpn: bool,
    pub(crate) no_tickets: bool,

    // How to go on after the handshake.
    pub(crate) implicit_handshake: bool,
    pub(crate) extra_handshake: bool,
    pub(crate) writes_first: bool,
    pub(crate) initial_write: Option<Vec<u8>>,
    pub(crate) repeat_initial_write: Option<u32>,
    pub(crate) unfinished_write: bool,
    pub(crate) read_size: Option<u16>,
    pub(crate) shuts_down: bool,
    pub(crate) sends_alert: bool,
    pub(crate) check_close_notify: bool,
    pub(crate) key_update: bool,
    pub(crate) key_update_before_read: bool,
    pub(crate) export_length: usize,
    pub(crate) export_label: Vec<u8>,
    pub(crate) export_context: Vec<u8>,
    pub(crate) use_export_context: bool,
    pub(crate) export_traffic_secrets: bool,

    // What to expect.
    pub(crate) expect: Expected,
    pub(crate) early: Early,
}

/// What a connection has to be like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) version: Option<u16>,
    pub(crate) cipher_suite: Option<u16>,
    pub(crate) cipher_suite_with_aes: Option<u16>,
    pub(crate) cipher_suite_without_aes: Option<u16>,
    pub(crate) group: Option<u16>,
    pub(crate) peer_scheme: Option<u16>,
    pub(crate) peer_schemes: Vec<u16>,
    pub(crate) selected_credential: Option<i64>,
    pub(crate) peer_chain: Option<PathBuf>,
    pub(crate) verify_result: bool,
    pub(crate) authorities: Option<Vec<u8>>,
    pub(crate) ocsp_response: Option<Vec<u8>>,
    pub(crate) timestamps: Option<Vec<u8>>,
    pub(crate) server_name: Option<Vec<u8>>,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) advertised_alpn: Option<Vec<u8>>,
    pub(crate) retry: Option<bool>,
    pub(crate) for_all_names: Option<bool>,
    pub(crate) session_miss: bool,
    pub(crate) no_session: bool,
    pub(crate) ticket_renewal: bool,
    pub(crate) extended_main_secret: bool,
    pub(crate) secure_renegotiation: bool,
    pub(crate) trace: Option<Vec<u8>>,
    pub(crate) session_id: Option<bool>,
}

/// Which of the runner's ways to compress certificates we have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum CertificateCompression {
    #[default]
    None,
    One(u16),
    All,
}

/// A chain, its key, and what it may sign with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) chain: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) schemes: Vec<u16>,
    pub(crate) ocsp_response: Option<Vec<u8>>,
    pub(crate) timestamps: Option<Vec<u8>>,
    /// Sessions of other contexts do not go on with it.
    pub(crate) session_context: Vec<u8>,
    /// It is shown only to peers that name who issued it.
    pub(crate) must_match_issuer: bool,
}

impl Settings {
    /// The credential that flags are about: the newest, or the one that was there from the start.
    fn credential(&mut self) -> &mut Credential {
        self.credentials.last_mut().unwrap_or(&mut self.default_credential)
    }
}

/// All that the runner said.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// For the first connection.
    pub(crate) initial: Settings,
    /// For those that go on with a session.
    pub(crate) resume: Settings,
    /// For the same connection once early data was refused.
    pub(crate) retry: Settings,
}

/// What stands behind a flag.
pub(crate) enum Takes {
    Nothing(fn(&mut Settings)),
    Number(fn(&mut Settings, i64)),
    /// A number of a registry.
    Id(fn(&mut Settings, u16)),
    Text(fn(&mut Settings, Vec<u8>)),
    /// Bytes in base64.
    Blob(fn(&mut Settings, Vec<u8>)),
    Path(fn(&mut Settings, PathBuf)),
}
use Takes::{Blob, Id, Nothing, Number, Path, Text};

/// Every flag that we know, by its name without its prefix.
pub(crate) const FLAGS: &[(&str, Takes)] = &[
    // The process. Numbers that do not fit end as 0, which the runner never gives.
    ("port", Id(|s, n| s.port = n)),
    ("shim-id", Number(|s, n| s.shim_id = u64::try_from(n).unwrap_or(0))),
    ("ipv6", Nothing(|s| s.ipv6 = true)),
    ("server", Nothing(|s| s.server = true)),
    (
        "resume-count",
        Number(|s, n| s.resume_count = u32::try_from(n).unwrap_or(0)),
    ),
    ("async", Nothing(|s| s.slow = true)),
    ("resumption-delay", Number(|s, n| s.resumption_delay = n)),
    (
        "resumption-across-names-enabled",
        Nothing(|s| s.resumes_across_names = true),
    ),
    ("max-send-fragment", Id(|s, n| s.max_send_fragment = Some(n))),
    // What is allowed.
    ("min-version", Id(|s, n| s.min_version = Some(n))),
    ("max-version", Id(|s, n| s.max_version = Some(n))),
    ("no-tls1", Nothing(|s| s.no_versions.push(0x0301))),
    ("no-tls11", Nothing(|s| s.no_versions.push(0x0302))),
    ("no-tls12", Nothing(|s| s.no_versions.push(0x0303))),
    ("no-tls13", Nothing(|s| s.no_versions.push(0x0304))),
    ("tls13-ciphers", Id(|s, n| s.cipher_suites.push(n))),
    ("curves", Id(|s, n| s.groups.push(n))),
    ("key-shares", Id(|s, n| s.key_shares.get_or_insert_default().push(n))),
    ("server-supported-groups-hint", Id(|s, n| s.server_groups.push(n))),
    ("no-key-shares", Nothing(|s| s.key_shares = Some(Vec::new()))),
    ("verify-prefs", Id(|s, n| s.verify_schemes.push(n))),
    ("enable-grease", Nothing(|s| s.grease = true)),
    // What the engine does always: its own order as a server, and no server without RFC 5746 as a client.
    ("server-preference", Nothing(|_| {})),
    ("no-legacy-server-connect", Nothing(|_| {})),
    ("cipher", Text(|s, list| s.older_suites = Some(list))),
    ("fallback-scsv", Nothing(|s| s.is_fallback = true)),
    // Who we are, and who the peer has to be.
    (
        "new-x509-credential",
        Nothing(|s| s.credentials.push(Credential::default())),
    ),
    ("cert-file", Path(|s, path| s.credential().chain = Some(path))),
    ("key-file", Path(|s, path| s.credential().key = Some(path))),
    ("signing-prefs", Id(|s, n| s.credential().schemes.push(n))),
    ("ocsp-response", Blob(|s, der| s.credential().ocsp_response = Some(der))),
    (
        "signed-cert-timestamps",
        Blob(|s, list| s.credential().timestamps = Some(list)),
    ),
    (
        "session-id-context",
        Blob(|s, context| s.credential().session_context = context),
    ),
    // A server has nothing to enable: it staples what it has for those who ask.
    ("enable-ocsp-stapling", Nothing(|s| s.asks_for_status = true)),
    (
        "enable-signed-cert-timestamps",
        Nothing(|s| s.asks_for_timestamps = true),
    ),
    (
        "install-cert-compression-algs",
        Nothing(|s| s.certificate_compression = CertificateCompression::All),
    ),
    (
        "install-one-cert-compression-alg",
        Id(|s, n| s.certificate_compression = CertificateCompression::One(n)),
    ),
    ("use-ocsp-callback", Nothing(|s| s.own_ocsp_choice = true)),
    ("set-ocsp-in-callback", Nothing(|s| s.staples_by_choice = true)),
    ("decline-ocsp-callback", Nothing(|s| s.declines_ocsp = true)),
    ("fail-ocsp-callback", Nothing(|s| s.fails_ocsp = true)),
    (
        "must-match-issuer",
        Nothing(|s| s.credential().must_match_issuer = true),
    ),
    ("trust-cert", Path(|s, path| s.trust_cert = Some(path))),
    ("verify-peer", Nothing(|s| s.verify_peer = true)),
    ("reverify-on-resume", Nothing(|s| s.verifies_resumed = true)),
    ("verify-fail", Nothing(|s| s.verify_fail = true)),
    (
        "require-any-client-certificate",
        Nothing(|s| s.require_client_certificate = true),
    ),
    ("use-custom-verify-callback", Nothing(|s| s.custom_verify = true)),
    ("use-old-client-cert-callback", Nothing(|s| s.own_client_choice = true)),
    ("use-early-callback", Nothing(|s| s.own_configuration_choice = true)),
    ("fail-early-callback", Nothing(|s| s.refuse_configuration = true)),
    ("fail-cert-callback", Nothing(|s| s.fails_choice = true)),
    (
        "fail-cert-callback-alert",
        Number(|s, alert| s.choice_alert = u8::try_from(alert).ok()),
    ),
    ("use-client-ca-list", Text(|s, list| s.authorities = Some(list))),
    ("host-name", Text(|s, name| s.host_name = Some(name))),
    ("advertise-alpn", Text(|s, list| s.advertise_alpn = Some(list))),
    ("select-alpn", Text(|s, name| s.select_alpn = Some(name))),
    ("decline-alpn", Nothing(|s| s.select_alpn = None)),
    ("reject-alpn", Nothing(|s| s.reject_alpn = true)),
    ("no-ticket", Nothing(|s| s.no_tickets = true)),
    // How to go on after the handshake.
    ("implicit-handshake", Nothing(|s| s.implicit_handshake = true)),
    ("no-op-extra-handshake", Nothing(|s| s.extra_handshake = true)),
    ("shim-writes-first", Nothing(|s| s.writes_first = true)),
    ("shim-initial-write", Text(|s, text| s.initial_write = Some(text))),
    (
        "repeat-shim-initial-write",
        Number(|s, n| s.repeat_initial_write = u32::try_from(n).ok()),
    ),
    ("read-with-unfinished-write", Nothing(|s| s.unfinished_write = true)),
    ("read-size", Id(|s, n| s.read_size = Some(n))),
    ("shim-shuts-down", Nothing(|s| s.shuts_down = true)),
    ("send-alert", Nothing(|s| s.sends_alert = true)),
    ("check-close-notify", Nothing(|s| s.check_close_notify = true)),
    ("key-update", Nothing(|s| s.key_update = true)),
    ("key-update-before-read", Nothing(|s| s.key_update_before_read = true)),
    (
        "export-keying-material",
        Number(|s, n| s.export_length = usize::try_from(n).unwrap_or(0)),
    ),
    ("export-label", Text(|s, label| s.export_label = label)),
    ("export-context", Text(|s, context| s.export_context = context)),
    ("use-export-context", Nothing(|s| s.use_export_context = true)),
    ("export-traffic-secrets", Nothing(|s| s.export_traffic_secrets = true)),
    // What to expect.
    ("expect-version", Id(|s, n| s.expect.version = Some(n))),
    ("expect-cipher", Id(|s, n| s.expect.cipher_suite = Some(n))),
    ("expect-cipher-aes", Id(|s, n| s.expect.cipher_suite_with_aes = Some(n))),
    (
        "expect-cipher-no-aes",
        Id(|s, n| s.expect.cipher_suite_without_aes = Some(n)),
    ),
    ("expect-curve-id", Id(|s, n| s.expect.group = Some(n))),
    (
        "expect-peer-signature-algorithm",
        Id(|s, n| s.expect.peer_scheme = Some(n)),
    ),
    ("expect-peer-verify-pref", Id(|s, n| s.expect.peer_schemes.push(n))),
    (
        "expect-selected-credential",
        Number(|s, n| s.expect.selected_credential = Some(n)),
    ),
    (
        "expect-peer-cert-file",
        Path(|s, path| s.expect.peer_chain = Some(path)),
    ),
    ("expect-verify-result", Nothing(|s| s.expect.verify_result = true)),
    (
        "expect-client-ca-list",
        Text(|s, list| s.expect.authorities = Some(list)),
    ),
    (
        "expect-ocsp-response",
        Blob(|s, der| s.expect.ocsp_response = Some(der)),
    ),
    (
        "expect-signed-cert-timestamps",
        Blob(|s, list| s.expect.timestamps = Some(list)),
    ),
    ("expect-server-name", Text(|s, name| s.expect.server_name = Some(name))),
    ("expect-alpn", Text(|s, name| s.expect.alpn = Some(name))),
    (
        "expect-advertised-alpn",
        Text(|s, list| s.expect.advertised_alpn = Some(list)),
    ),
    (
        "expect-resumable-across-names",
        Nothing(|s| s.expect.for_all_names = Some(true)),
    ),
    (
        "expect-not-resumable-across-names",
        Nothing(|s| s.expect.for_all_names = Some(false)),
    ),
    ("expect-hrr", Nothing(|s| s.expect.retry = Some(true))),
    ("expect-no-hrr", Nothing(|s| s.expect.retry = Some(false))),
    ("expect-session-miss", Nothing(|s| s.expect.session_miss = true)),
    ("expect-no-session", Nothing(|s| s.expect.no_session = true)),
    ("expect-ticket-renewal", Nothing(|s| s.expect.ticket_renewal = true)),
    (
        "expect-extended-master-secret",
        Nothing(|s| s.expect.extended_main_secret = true),
    ),
    (
        "expect-secure-renegotiation",
        Nothing(|s| s.expect.secure_renegotiation = true),
    ),
    ("expect-msg-callback", Text(|s, trace| s.expect.trace = Some(trace))),
    ("expect-session-id", Nothing(|s| s.expect.session_id = Some(true))),
    ("expect-no-session-id", Nothing(|s| s.expect.session_id = Some(false))),
    // Early data.
    ("enable-early-data", Nothing(|s| s.early.is_on = true)),
    (
        "early-write-after-message",
        Number(|s, n| s.early.write_after = u8::try_from(n).ok()),
    ),
    ("expect-accept-early-data", Nothing(|s| s.early.expect_accept = true)),
    ("expect-reject-early-data", Nothing(|s| s.early.expect_reject = true)),
    (
        "expect-no-offer-early-data",
        Nothing(|s| s.early.expect_no_offer = true),
    ),
    (
        "expect-ticket-supports-early-data",
        Nothing(|s| s.early.expect_ticket = true),
    ),
    (
        "expect-early-data-reason",
        Text(|s, reason| s.early.expect_reason = Some(reason)),
    ),
];

impl Arguments {
    /// Reads all arguments.
    pub(crate) fn parse(arguments: &[Vec<u8>]) -> Result<Self, Stop> {
        let mut parsed = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let shown = String::from_utf8_lossy(argument).into_owned();
            let Some(named) = shown.strip_prefix('-') else {
                return Stop::failed(format!("not a flag: {shown}"));
            };
            let (targets, name) = parsed.targets(named);
            let Some((_, takes)) = FLAGS.iter().find(|(known, _)| *known == name) else {
                return Stop::not_implemented(shown);
            };
            let value = match takes {
                Nothing(_) => Vec::new(),
                _ => match rest.next() {
                    Some(value) => value.clone(),
                    None => return Stop::failed(format!("{shown} has no value")),
                },
            };
            for settings in targets {
                takes
                    .put(settings, &value)
                    .ok_or_else(|| Stop::Failed(format!("{shown} cannot be {}", String::from_utf8_lossy(&value))))?;
            }
        }
        Ok(parsed)
    }

    /// Whom a flag is for, and its name without the prefix that says so.
    fn targets<'a>(&mut self, flag: &'a str) -> (Vec<&mut Settings>, &'a str) {
        let Self { initial, resume, retry } = self;
        if let Some(name) = flag.strip_prefix("on-initial-") {
            (vec![initial], name)
        } else if let Some(name) = flag.strip_prefix("on-resume-") {
            (vec![resume], name)
        } else if let Some(name) = flag.strip_prefix("on-retry-") {
            (vec![retry], name)
        } else {
            (
                vec![initial, resume, retry],
                flag.strip_prefix("on-shim-").unwrap_or(flag),
            )
        }
    }
}

impl Takes {
    fn put(&self, settings: &mut Settings, value: &[u8]) -> Option<()> {
        let text = || std::str::from_utf8(value).ok();
        match self {
            Nothing(put) => put(settings),
            Number(put) => put(settings, text()?.parse().ok()?),
            Id(put) => put(settings, text()?.parse().ok()?),
            Text(put) => put(settings, value.to_vec()),
            Blob(put) => put(settings, STANDARD.decode(value).ok()?),
            Path(put) => put(settings, PathBuf::from(text()?)),
        }
        Some(())
    }
}
