//! The table of checks: one row a rule, with its name for programs, the alert's kind, the field, the source, what each
//! profile makes of its failure, and the words, so that they cannot drift apart.

use crate::policy::Severity::{Refuse};
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
            /// All of them, in the order in which they are made.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub(crate) const fn row(self) -> &'static Row {
                match self {
                    $(Self::$name => &Row {
                        code: $code,
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
    Present "X509-NONE" BadCertificate; "certificate_list", "RFC 9846 section 4.5.1.1";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "was sent"; fails "was not sent";
        advice "The peer sent no certificate. Configure one at the peer.";
    /// The bytes are a certificate.
    Encoding "X509-MALFORMED" BadCertificate; "certificate", "RFC 5280 section 4.1";
        web Refuse, rfc5280 Refuse, private Refuse;
        passes "can be read"; fails "cannot be read";
        advice "The certificate breaks the format. Issue it anew with another tool; if it came over the network unbroken before, something on the way changes it.";
}

impl Check {
    /// A short string that stays the same, such as `X509-EXPIRED`.
    pub const fn code(self) -> &'static str {
        self.row().code
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
