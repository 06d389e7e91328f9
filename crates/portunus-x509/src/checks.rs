//! The table of checks: one row a rule, with its name for programs, the alert's kind, the field, the source, what each
//! profile makes of its failure, and the words, so that they cannot drift apart.

use crate::policy::Severity::{Ignore, Refuse, Warn};
use crate::report::{RefusalKind, Row};

macro_rules! checks {
    ($(
        $(#[$doc:meta])* $name:ident $code:literal $kind:ident; $field:literal, $rule:literal;
        web $web:ident, rfc5280 $rfc5280:ident, private $private:ident;
        passes $passes:literal; fails $fails:literal; advice $advice:literal;
    )*) => {
        /// One rule for a certificate, or for a path.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Check { $($(#[$doc])* $name,)* }

        impl Check {
            /// All of them, in the table's order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub(crate) const fn row(self) -> &'static Row {
                match self {
                    $(Self::$name => &Row {
                        code: $code,
                        page: concat!("docs/refusals/", $code, ".md"),
                        kind: RefusalKind::$kind,
                        field: $field,
                        rule: $rule,
                        web: $web,
                        rfc5280: $rfc5280,
                        private: $private,
                        passes: $passes,
                        fails: $fails,
                        advice: $advice,
                    },)*
                }
            }
        }
    };
}

checks! {
    /// There is a certificate at all.
    Present "X509-NONE" BadCertificate; "certificate_list", "RFC 9846 section 4.5.1";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "was sent"; fails "was not sent";
        advice "The peer sent no certificate. Configure one there.";
    /// The bytes are a certificate, and the extensions that matter can be read.
    Encoding "X509-MALFORMED" BadCertificate; "certificate", "RFC 5280 section 4.1";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "can be read"; fails "cannot be read";
        advice "The certificate breaks its format. Issue it anew, with another tool if it came out like this; if the file at the peer is whole, something on the way changes it.";
    /// The path reaches an anchor.
    Anchored "X509-UNKNOWN-ISSUER" UnknownCa; "issuer", "RFC 5280 section 6.1";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "leads to a trusted authority"; fails "leads to no trusted authority";
        advice "Either the peer has to send the missing intermediate certificates (its 'fullchain' file), or the authority's root has to be added to the trusted ones, if it deserves trust.";
    /// The path does not end in a self-signed certificate that nobody trusts.
    SelfSigned "X509-SELF-SIGNED" UnknownCa; "issuer", "RFC 5280 section 6.1";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "is not merely self-signed"; fails "is signed by its own key alone, and is not trusted";
        advice "Anybody can make such a certificate. If this one is yours, add it to the trusted ones (compare its fingerprint at the peer first); else take one from an authority.";
    /// The search ended within its budget.
    Budget "X509-TOO-COMPLEX" Other; "certificate_list", "RFC 4158 section 2.4.2";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "is simple enough to verify"; fails "comes with so many others that the search for a path was given up";
        advice "The peer should send its own certificate and the few that lead to a root, and nothing else.";
    /// The path is not too long to be looked at.
    Depth "X509-TOO-DEEP" Other; "certificate_list", "RFC 4158 section 2.4.2";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "stands on a path of reasonable length"; fails "stands on a path that is too long";
        advice "No honest hierarchy has so many levels. Look at what the peer sends.";
    /// Certificates with extensions are of version 3.
    Version "X509-VERSION" UnsupportedCertificate; "version", "RFC 5280 section 4.1.2.1";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "is of version 3"; fails "is of an old version";
        advice "Issue it anew with extensions: `openssl x509 -req` needs -extfile or -copy_extensions for that.";
    /// Both fields that name the signature's algorithm say the same.
    AlgorithmsAgree "X509-ALGORITHM-MISMATCH" BadCertificate; "signatureAlgorithm", "RFC 5280 section 4.1.1.2";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "names one signature algorithm"; fails "names two different signature algorithms";
        advice "The signed part and the frame around it disagree. Issue the certificate anew.";
    /// The serial number is positive and has at most 20 octets.
    SerialNumber "X509-SERIAL" Other; "serialNumber", "RFC 5280 section 4.1.2.2";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "has a proper serial number"; fails "has a serial number that is not allowed";
        advice "Serial numbers are positive and have at most 20 octets. Issue the certificate anew.";
    /// Times are in the form that belongs to their year.
    TimeForm "X509-TIME-FORM" BadCertificate; "validity", "RFC 5280 section 4.1.2.5";
        web Refuse, rfc5280 Warn, private Warn;
        passes "writes its times in the right form"; fails "writes its times in the wrong form";
        advice "Times until 2049 are UTCTime, later ones GeneralizedTime. Issue the certificate anew.";
    /// The issuer has a name.
    IssuerName "X509-EMPTY-ISSUER" Other; "issuer", "RFC 5280 section 4.1.2.4";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "names its issuer"; fails "does not name its issuer";
        advice "Give the authority a subject, and issue the certificate anew.";
    /// An authority has a name.
    SubjectName "X509-EMPTY-SUBJECT" Other; "subject", "RFC 5280 section 4.1.2.6";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "names its authority"; fails "is an authority's and names none";
        advice "Give the authority a subject, and issue its certificate anew.";
    /// The certificate is valid already.
    NotBefore "X509-NOT-YET-VALID" Expired; "validity.notBefore", "RFC 5280 section 4.1.2.5";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "is valid already"; fails "is not valid yet";
        advice "Most often a clock is wrong: this machine's, or that of the authority when it issued the certificate.";
    /// The certificate is still valid.
    NotAfter "X509-EXPIRED" Expired; "validity.notAfter", "RFC 5280 section 4.1.2.5";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "has not expired"; fails "has expired";
        advice "Renew it, and have the server load the new one: a renewed file that was not loaded looks just like this. If the date above is not today's, mend this machine's clock.";
    /// The public key is of a kind that is supported.
    KeyAlgorithm "X509-KEY-ALGORITHM" UnsupportedCertificate; "subjectPublicKeyInfo.algorithm", "RFC 5280 section 4.1.2.7";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "has a key of a supported kind"; fails "has a key of a kind that is not supported";
        advice "Supported are RSA, ECDSA on P-256, P-384 and P-521, and Ed25519. Issue the certificate for such a key.";
    /// The public key is long enough, and not absurdly long.
    KeySize "X509-KEY-SIZE" UnsupportedCertificate; "subjectPublicKeyInfo.subjectPublicKey", "NIST SP 800-131A section 3";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "has a key of good length"; fails "has an RSA key of a length that is not accepted";
        advice "RSA keys have 2048 to 8192 bits. Make a new key, of 3072 bits or on P-256.";
    /// The signature is of a kind that is supported and safe.
    SignatureAlgorithm "X509-SIGNATURE-ALGORITHM" UnsupportedCertificate; "signatureAlgorithm", "RFC 5280 section 4.1.1.2";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "is signed in a supported way"; fails "is signed in a way that is not supported";
        advice "SHA-1 and MD5 can be forged and are refused, DSA and unknown algorithms are not supported. Have the certificate issued anew with SHA-256.";
    /// No critical extension is unknown.
    CriticalExtensions "X509-CRITICAL-EXTENSION" UnsupportedCertificate; "extensions", "RFC 5280 section 4.2";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "has no critical extension that is unknown"; fails "has a critical extension that is not understood";
        advice "Whoever does not understand a critical extension has to refuse. Issue the certificate without it, or with the extension not critical.";
    /// An authority says that it is one.
    BasicConstraints "X509-NOT-A-CA" Other; "basicConstraints.cA", "RFC 5280 section 4.2.1.9";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "may issue certificates"; fails "may not issue certificates, and issued one";
        advice "An authority's certificate needs basicConstraints CA:TRUE. If this one was never meant to be an authority, somebody misuses it.";
    /// So does an anchor.
    AnchorBasicConstraints "X509-ANCHOR-NOT-A-CA" Other; "basicConstraints.cA", "RFC 5280 section 4.2.1.9";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "is trusted, and may issue certificates"; fails "is trusted, but does not say that it may issue certificates";
        advice "Make the root anew with basicConstraints CA:TRUE.";
    /// An authority says so critically.
    BasicConstraintsCritical "X509-CA-NOT-CRITICAL" Other; "basicConstraints", "RFC 5280 section 4.2.1.9";
        web Refuse, rfc5280 Warn, private Warn;
        passes "has critical basic constraints"; fails "is an authority's and its basic constraints are not critical";
        advice "Issue the authority's certificate anew with critical basicConstraints.";
    /// No more intermediates stand below than the authority may have.
    PathLength "X509-PATH-LENGTH" Other; "basicConstraints.pathLenConstraint", "RFC 5280 section 4.2.1.9";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "has no more authorities below it than it may"; fails "has more authorities below it than it may";
        advice "The authority above forbids this depth. Issue from a higher authority.";
    /// A path length stands with an authority alone.
    PathLengthOfCa "X509-PATH-LENGTH-FORM" Other; "basicConstraints.pathLenConstraint", "RFC 5280 section 4.2.1.9";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "has a path length only if it is an authority's"; fails "has a path length and is no authority's";
        advice "Issue the certificate anew without pathLenConstraint.";
    /// An authority's key may sign certificates.
    KeyCertSign "X509-NO-CERT-SIGN" Other; "keyUsage", "RFC 5280 section 4.2.1.3";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "has a key that may sign certificates"; fails "has a key that may not sign certificates, and signed one";
        advice "An authority's key usage needs keyCertSign. Issue the authority's certificate anew.";
    /// A key that may sign certificates is an authority's.
    KeyCertSignOfCa "X509-CERT-SIGN-WITHOUT-CA" Other; "keyUsage", "RFC 5280 section 4.2.1.9";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "does not claim to sign certificates without being an authority's"; fails "claims to sign certificates and is no authority's";
        advice "Issue the certificate anew without keyCertSign.";
    /// An end entity's key may do what TLS asks of it.
    KeyUsage "X509-KEY-USAGE" UnsupportedCertificate; "keyUsage", "RFC 9846 section 4.5.1";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "has a key that may be used for TLS"; fails "has a key that may not be used for TLS";
        advice "Issue the certificate anew with keyUsage digitalSignature.";
    /// An end entity is no authority.
    EndEntity "X509-CA-AS-END-ENTITY" UnsupportedCertificate; "basicConstraints.cA", "CA/Browser Forum BR section 7.1.2.7.8";
        web Refuse, rfc5280 Ignore, private Warn;
        passes "is an end entity's"; fails "is an authority's and is used by a server or client itself";
        advice "`openssl req -x509` makes an authority unless told otherwise. Issue a certificate of its own with CA:FALSE.";
    /// The certificate is for this purpose.
    ExtendedKeyUsage "X509-PURPOSE" UnsupportedCertificate; "extKeyUsage", "RFC 5280 section 4.2.1.12";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "is for this purpose"; fails "is not for this purpose";
        advice "Servers need extended key usage serverAuth, clients clientAuth. Public authorities no longer issue certificates for clients: take one from an authority of your own.";
    /// The purpose is named by itself, and the extension is not critical.
    ExtendedKeyUsageForm "X509-PURPOSE-FORM" UnsupportedCertificate; "extKeyUsage", "CA/Browser Forum BR section 7.1.2.7.10";
        web Refuse, rfc5280 Ignore, private Ignore;
        passes "names its purpose as the public web wants it"; fails "does not name its purpose as the public web wants it";
        advice "On the public web the extension lists serverAuth itself, not anyExtendedKeyUsage, and is not critical; a root has none.";
    /// The names in the subjectAltName are such as can exist.
    AlternativeNames "X509-NAME-FORM" Other; "subjectAltName", "RFC 5280 section 4.2.1.6";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "has proper names"; fails "has a name that cannot be one";
        advice "DNS names consist of letters, digits, hyphens and dots; a wildcard is the whole left-most label. Issue the certificate anew.";
    /// No wildcard stands right below a public suffix.
    PublicSuffix "X509-PUBLIC-SUFFIX-WILDCARD" Other; "subjectAltName", "CA/Browser Forum BR section 3.2.2.6";
        web Refuse, rfc5280 Ignore, private Ignore;
        passes "has no wildcard for a public suffix"; fails "has a wildcard for all that stands below a public suffix";
        advice "No authority may issue that, since many strangers share the suffix. Take a certificate for your own name.";
    /// With an empty subject, the subjectAltName is critical.
    AlternativeNamesCritical "X509-SAN-NOT-CRITICAL" Other; "subjectAltName", "RFC 5280 section 4.2.1.6";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "has a critical subjectAltName if its subject is empty"; fails "has an empty subject and a subjectAltName that is not critical";
        advice "Issue the certificate anew with a critical subjectAltName, or with a subject.";
    /// With a subject, it is not.
    AlternativeNamesNotCritical "X509-SAN-CRITICAL" Other; "subjectAltName", "CA/Browser Forum BR section 7.1.2.7.12";
        web Refuse, rfc5280 Ignore, private Ignore;
        passes "has a subjectAltName that is not critical if it has a subject"; fails "has a subject and a critical subjectAltName";
        advice "The public web wants it not critical. Issue the certificate anew.";
    /// The certificate is for the name that was wanted.
    Name "X509-NAME" NameMismatch; "subjectAltName", "RFC 9525 section 6";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "is for the name that was wanted"; fails "is not for the name that was wanted";
        advice "Use a name that the certificate has, or have it issued anew with this name in its subjectAltName. A server with several certificates may have chosen the wrong one; a network that asks for a login answers for all names.";
    /// Name constraints stand with an authority alone.
    NameConstraintsOfCa "X509-CONSTRAINTS-WITHOUT-CA" Other; "nameConstraints", "RFC 5280 section 4.2.1.10";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "has name constraints only if it is an authority's"; fails "has name constraints and is no authority's";
        advice "Issue the certificate anew without nameConstraints.";
    /// Name constraints are critical.
    NameConstraintsCritical "X509-CONSTRAINTS-NOT-CRITICAL" Other; "nameConstraints", "RFC 5280 section 4.2.1.10";
        web Ignore, rfc5280 Refuse, private Ignore;
        passes "has critical name constraints, or none"; fails "has name constraints that are not critical";
        advice "Issue the authority's certificate anew with critical nameConstraints.";
    /// DNS names in name constraints do not begin with a dot. Where they do and may, they stand for what is below alone.
    NameConstraintsForm "X509-CONSTRAINTS-FORM" Other; "nameConstraints", "RFC 5280 section 4.2.1.10";
        web Ignore, rfc5280 Refuse, private Warn;
        passes "has proper name constraints, or none"; fails "has name constraints on a DNS name with a dot before it";
        advice "Issue the authority's certificate anew with the DNS name alone: it stands for all that is below it, too.";
    /// Policy constraints are critical.
    PolicyConstraintsCritical "X509-POLICY-CONSTRAINTS-NOT-CRITICAL" Other; "policyConstraints", "RFC 5280 section 4.2.1.11";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "has critical policy constraints, or none"; fails "has policy constraints that are not critical";
        advice "Issue the authority's certificate anew with critical policyConstraints, or with none.";
    /// The inhibition of anyPolicy is critical.
    InhibitAnyPolicyCritical "X509-INHIBIT-ANY-POLICY-NOT-CRITICAL" Other; "inhibitAnyPolicy", "RFC 5280 section 4.2.1.14";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "has a critical inhibitAnyPolicy, or none"; fails "has an inhibitAnyPolicy that is not critical";
        advice "Issue the authority's certificate anew with critical inhibitAnyPolicy, or with none.";
    /// No policy is mapped to or from anyPolicy.
    PolicyMappings "X509-POLICY-MAPPINGS" Other; "policyMappings", "RFC 5280 section 6.1.4";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "maps no policy to or from anyPolicy"; fails "maps a policy to or from anyPolicy";
        advice "The special policy anyPolicy cannot be mapped. Issue the authority's certificate anew without that mapping.";
    /// The path is valid under a policy, where one is needed.
    Policies "X509-POLICY" Other; "certificatePolicies", "RFC 5280 section 6.1.5";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "is valid under an acceptable policy, or needs none"; fails "is valid under no acceptable policy, and needs one";
        advice "An authority on the path, or the settings, ask for a certificate policy that all authorities on the path allow. Have the certificate issued under such a policy.";
    /// The authority key identifier is there.
    AuthorityKeyIdentifier "X509-NO-AKI" Other; "authorityKeyIdentifier", "RFC 5280 section 4.2.1.1";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "says which key signed it"; fails "does not say which key signed it";
        advice "Issue the certificate anew with an authority key identifier (OpenSSL: authorityKeyIdentifier = keyid).";
    /// The authority key identifier has the form that the profile wants.
    AuthorityKeyIdentifierForm "X509-AKI-FORM" Other; "authorityKeyIdentifier", "RFC 5280 section 4.2.1.1";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "has an authority key identifier of the right form"; fails "has an authority key identifier of a form that is not allowed";
        advice "It must not be critical. Issue the certificate anew.";
    /// A root's authority key identifier, where it has one, is a key identifier and nothing else.
    RootAuthorityKeyIdentifier "X509-ROOT-AKI" Other; "authorityKeyIdentifier", "CA/Browser Forum BR section 7.1.2.1.3";
        web Refuse, rfc5280 Ignore, private Ignore;
        passes "has no authority key identifier, or a plain one"; fails "is a root's and has an authority key identifier that is not a key identifier alone";
        advice "The public web does not accept such a root.";
    /// An authority has a subject key identifier.
    SubjectKeyIdentifier "X509-NO-SKI" Other; "subjectKeyIdentifier", "RFC 5280 section 4.2.1.2";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "names its key"; fails "is an authority's and does not name its key";
        advice "Issue the authority's certificate anew with a subject key identifier (OpenSSL: subjectKeyIdentifier = hash).";
    /// So does an anchor, though one root that the web trusts has none.
    AnchorSubjectKeyIdentifier "X509-ANCHOR-NO-SKI" Other; "subjectKeyIdentifier", "RFC 5280 section 4.2.1.2";
        web Warn, rfc5280 Refuse, private Warn;
        passes "is trusted, and names its key"; fails "is trusted, but does not name its key";
        advice "Make the root anew with a subject key identifier (OpenSSL: subjectKeyIdentifier = hash).";
    /// The subject key identifier is not critical.
    SubjectKeyIdentifierForm "X509-SKI-FORM" Other; "subjectKeyIdentifier", "RFC 5280 section 4.2.1.2";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "has a subject key identifier of the right form"; fails "has a critical subject key identifier";
        advice "It must not be critical. Issue the certificate anew.";
    /// Every name lies within the constraints of the authorities above.
    NameConstraints "X509-NAME-CONSTRAINTS" Other; "nameConstraints", "RFC 5280 section 4.2.1.10";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "allows all names below it"; fails "does not allow a name below it";
        advice "The authority may not issue for that name. Take the certificate from another authority, or widen the constraints by a new certificate for this one.";
    /// The signature was made by the issuer's key.
    Signature "X509-SIGNATURE" BadCertificate; "signatureValue", "RFC 5280 section 6.1.3";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "was signed by its issuer"; fails "was not signed by the issuer that it names";
        advice "Either the certificate was changed after it was signed, or the authority has a second key under the same name (then the fitting intermediate or root is missing).";
    /// The end entity was logged.
    Transparency "X509-NOT-LOGGED" Other; "signedCertificateTimestampList", "RFC 6962 section 3.3";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "has timestamps of enough logs"; fails "has timestamps of too few logs";
        advice "Timestamps of public logs are asked for. Take a certificate of an authority that logs what it issues, and serve it as it came.";
    /// Somebody who may say so tells whether the certificate is revoked.
    RevocationStatus "X509-REVOCATION-UNKNOWN" Other; "cRLDistributionPoints", "RFC 5280 section 6.3.3";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "has a known revocation status"; fails "has an unknown revocation status";
        advice "Revocation is to be checked, and no usable list tells of this certificate. Fetch its issuer's current lists.";
    /// The response that the peer stapled can be used.
    StapledResponse "X509-STAPLED" Other; "OCSPResponse", "RFC 6960 section 3.2";
        web Warn, rfc5280 Warn, private Warn;
        passes "came with a response on it that can be used"; fails "came with a response on it that cannot be used";
        advice "The server staples a response of OCSP that is old or is not for it. Let it fetch a new one, and look at its clock.";
    /// A response was stapled, if the certificate promises one.
    MustStaple "X509-MUST-STAPLE" Other; "TLSFeatures", "RFC 7633 section 4";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "came with the response that it promises"; fails "came without the response that it promises";
        advice "The certificate says that its server staples a good response of OCSP. Switch stapling on there, or take a certificate without that promise.";
    /// The list that tells it has the form that RFC 5280 wants.
    RevocationListForm "X509-CRL-FORM" Other; "certificateList", "RFC 5280 section 5.2";
        web Refuse, rfc5280 Refuse, private Warn;
        passes "has its status in a list of the right form"; fails "has its status in a list of a form that is not allowed";
        advice "Lists have an authorityKeyIdentifier, a cRLNumber that is not critical, and one signature algorithm. Have the list issued anew.";
    /// The certificate is not revoked.
    Revoked "X509-REVOKED" Revoked; "revokedCertificates", "RFC 5280 section 6.3.3";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "has not been revoked"; fails "has been revoked";
        advice "Its issuer has taken it back: its key may be in wrong hands. Take a new certificate for a new key.";
}

impl Check {
    /// A short string that stays the same, such as `X509-EXPIRED`.
    pub const fn code(self) -> &'static str {
        self.row().code
    }

    /// The page of this project's documentation on its failure: what it means, usual causes, and the cure.
    pub const fn page(self) -> &'static str {
        self.row().page
    }

    /// What kind of refusal follows.
    pub const fn kind(self) -> RefusalKind {
        self.row().kind
    }

    /// The field that is looked at, as its RFC names it.
    pub const fn field(self) -> &'static str {
        self.row().field
    }

    /// Where the rule is from.
    pub const fn rule(self) -> &'static str {
        self.row().rule
    }

    /// The end of a sentence that begins with 'the certificate', for when the check passes.
    pub const fn passes(self) -> &'static str {
        self.row().passes
    }

    /// The end of a sentence that begins with 'the certificate', for when it fails.
    pub const fn fails(self) -> &'static str {
        self.row().fails
    }

    /// What to do about a failure.
    pub const fn advice(self) -> &'static str {
        self.row().advice
    }
}
