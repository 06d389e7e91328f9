//! Every length, count and budget that a peer can influence, each with its reason.

/// Signatures that one verdict may check. The longest honest chains have four; cross-signs and rolled-over keys multiply
/// that by the number of same-named issuers. A hundred P-384 verifications take some 50 ms (the same bound as Mozilla's
/// and Go's builders).
pub(crate) const MAX_SIGNATURES: usize = 100;

/// Certificates that one search may step onto, counted each time. Jumbled and cross-signed chains need some dozens; the
/// largest graph of BetterTLS needs a few hundred.
pub(crate) const MAX_NODES: usize = 10_000;

/// Comparisons of a name with a name constraint in one verdict. A certificate of 64 KiB holds some 5,000 names, and as
/// many constraints: their product has to be bounded (250,000 is what Mozilla and Go allow).
pub(crate) const MAX_NAME_CONSTRAINT_COMPARISONS: usize = 250_000;

/// Policies of a certificate, and mappings of one: each is looked up among those of the certificate above. Real ones have some five.
pub(crate) const MAX_POLICIES: usize = 256;

/// Policies that one verdict may look at, counted on each path anew: some twenty long paths of certificates that are full of them.
pub(crate) const MAX_POLICY_NODES: usize = 200_000;

/// Distribution points of a certificate; names of one of them, or of the point of a revocation list. Each is looked for among the others.
/// Real ones have one point with two names.
pub(crate) const MAX_DISTRIBUTION_POINTS: usize = 32;
pub(crate) const MAX_NAMES_OF_A_POINT: usize = 16;

/// Answers in a response of OCSP: one is usual, and few responders give more. Each is compared with what is looked for.
pub(crate) const MAX_SINGLE_RESPONSES: usize = 256;

/// Certificates that come with a response of OCSP: one for the responder, and some send the issuer's, too.
pub(crate) const MAX_RESPONDER_CERTIFICATES: usize = 8;

/// Timestamps of logs in one list: each costs a signature. Three are usual.
pub(crate) const MAX_TIMESTAMPS: usize = 16;

/// Searches of a whole revocation list for one certificate, in one verdict: the longest lists have a million entries. A path has some
/// three certificates, each looked up once in each list that tells of it, whatever the number of paths.
pub(crate) const MAX_LOOK_UPS: usize = 100;

/// Certificates of a path, the anchor among them. The web needs five; PKITS goes up to seven.
pub(crate) const MAX_PATH: usize = 16;

/// Certificates that a peer may send along; those beyond it are not looked at. Cases of the field send a hundred.
pub(crate) const MAX_CANDIDATES: usize = 200;

/// Issuers of revocation lists, each needed for the list that tells of the one before: the search for their paths begins anew for each. Two
/// exist in the field.
pub(crate) const MAX_LIST_ISSUERS_IN_A_ROW: usize = 4;

/// Refused paths that are kept to be told. People read one or two.
pub(crate) const MAX_REFUSED_PATHS: usize = 16;

/// Certificates that the search for an explanation may step onto: it does not prune, so that it needs its own bound.
pub(crate) const MAX_NODES_TO_EXPLAIN: usize = 200;

/// Characters of a name in a refusal: what fits on three lines of a terminal.
pub(crate) const MAX_SHOWN_NAME: usize = 240;

/// Attributes of one relative distinguished name: comparing two sets takes the product of their sizes. One is usual,
/// two or three exist.
pub(crate) const MAX_ATTRIBUTES_OF_AN_RDN: usize = 16;

/// Extensions of a certificate: finding duplicates takes the square. Real ones have some fifteen.
pub(crate) const MAX_EXTENSIONS: usize = 128;

/// Octets of a serial number (RFC 5280 section 4.1.2.2).
pub(crate) const MAX_SERIAL_OCTETS: usize = 20;

/// RSA moduli, in bits: smaller ones can be factored, larger ones cost more time than any honest peer needs.
pub(crate) const RSA_MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Octets of a PEM file: the largest bundle of roots in use has some 250 KiB.
pub(crate) const MAX_PEM: usize = 16 << 20;

/// Keys that a memory of signatures keeps as the library reads them, some 2 KiB each: as many issuers as a client meets in a day.
pub(crate) const MAX_REMEMBERED_KEYS: usize = 64;
