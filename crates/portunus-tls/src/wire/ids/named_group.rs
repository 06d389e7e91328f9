use super::{is_grease, registry};

registry! {
    /// `enum { … } NamedGroup;` (RFC 9846 section 4.3.7)
    NamedGroup(u16) {
        SECP256R1 = 0x0017, "secp256r1";
        SECP384R1 = 0x0018, "secp384r1";
        SECP521R1 = 0x0019, "secp521r1";
        X25519 = 0x001d, "x25519";
        X448 = 0x001e, "x448";
        X25519MLKEM768 = 0x11ec, "X25519MLKEM768";
        SECP256R1MLKEM768 = 0x11eb, "SecP256r1MLKEM768";
        SECP384R1MLKEM1024 = 0x11ed, "SecP384r1MLKEM1024";
        CURVESM2MLKEM768 = 0x11ee, "curveSM2MLKEM768";
        MLKEM512 = 0x0200, "MLKEM512";
        MLKEM768 = 0x0201, "MLKEM768";
        MLKEM1024 = 0x0202, "MLKEM1024";
        FFDHE2048 = 0x0100, "ffdhe2048";
        FFDHE3072 = 0x0101, "ffdhe3072";
        FFDHE4096 = 0x0102, "ffdhe4096";
        FFDHE6144 = 0x0103, "ffdhe6144";
        FFDHE8192 = 0x0104, "ffdhe8192";
        BRAINPOOLP256R1TLS13 = 0x001f, "brainpoolP256r1tls13";
        BRAINPOOLP384R1TLS13 = 0x0020, "brainpoolP384r1tls13";
        BRAINPOOLP512R1TLS13 = 0x0021, "brainpoolP512r1tls13";
        CURVESM2 = 0x0029, "curveSM2";
        X25519KYBER768DRAFT00 = 0x6399, "X25519Kyber768Draft00";
        // Those of older versions, which some peers still list.
        BRAINPOOLP256R1 = 0x001a, "brainpoolP256r1";
        BRAINPOOLP384R1 = 0x001b, "brainpoolP384r1";
        BRAINPOOLP512R1 = 0x001c, "brainpoolP512r1";
        SECP192R1 = 0x0013, "secp192r1";
        SECP224R1 = 0x0015, "secp224r1";
        SECP256K1 = 0x0016, "secp256k1";
        SECT283K1 = 0x0009, "sect283k1";
        SECT283R1 = 0x000a, "sect283r1";
        SECT409K1 = 0x000b, "sect409k1";
        SECT409R1 = 0x000c, "sect409r1";
        SECT571K1 = 0x000d, "sect571k1";
        SECT571R1 = 0x000e, "sect571r1";
    }
}

impl NamedGroup {
    /// Whether it only stands for values that are yet to come (RFC 8701).
    pub const fn is_grease(self) -> bool {
        is_grease(self.0)
    }
}
