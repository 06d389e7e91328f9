//! `portunus cert` beside OpenSSL: both say the same of the same files.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use portunus_peers::OPENSSL;
use portunus_x509::pem;
use serde_json::Value;

use crate::portunus;

/// An authority, an intermediate with all sorts of extensions and a server's certificate, each made by OpenSSL.
struct House {
    openssl: std::path::PathBuf,
    folder: tempfile::TempDir,
}

impl House {
    fn new(openssl: std::path::PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let house = Self { openssl, folder };
        let p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let root = [
            "req", "-x509", "-keyout", "root.key", "-out", "root.pem", "-days", "3650", "-subj", "/CN=Root",
        ];
        house.openssl(root.iter().chain(&p256));
        for (name, extensions) in [("int", INTERMEDIATE), ("leaf", LEAF)] {
            house.write(&format!("{name}.cnf"), extensions);
            let (key, csr) = (format!("{name}.key"), format!("{name}.csr"));
            let subject = format!("/O=Example/CN={name}");
            let request = ["req", "-keyout", &key, "-out", &csr, "-subj", &subject];
            house.openssl(request.iter().chain(&p256));
        }
        house.sign("int", "root");
        house.sign("leaf", "int");
        let chain = [house.read("leaf.pem"), house.read("int.pem")].concat();
        house.write("chain.pem", chain);
        house
    }

    fn sign(&self, name: &str, issuer: &str) {
        let file = |name: &str, end: &str| format!("{name}.{end}");
        self.openssl([
            "x509",
            "-req",
            "-days",
            "90",
            "-in",
            &file(name, "csr"),
            "-CA",
            &file(issuer, "pem"),
            "-CAkey",
            &file(issuer, "key"),
            "-extfile",
            &file(name, "cnf"),
            "-out",
            &file(name, "pem"),
        ]);
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), contents).unwrap();
    }

    fn openssl<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Vec<u8> {
        let mut command = Command::new(&self.openssl);
        let output = command.args(arguments).current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn cert(&self, arguments: &[&str]) -> Output {
        let mut command = portunus(&self.path().join("data"));
        command
            .arg("cert")
            .args(arguments)
            .current_dir(self.path())
            .output()
            .unwrap()
    }

    /// What a command that succeeds prints.
    fn told(&self, arguments: &[&str]) -> String {
        let output = self.cert(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&self.cert(&[arguments, &["--json"]].concat()).stdout).unwrap()
    }
}

const INTERMEDIATE: &str = "\
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
nameConstraints = critical, permitted;DNS:example.com, excluded;IP:10.0.0.0/255.0.0.0
policyConstraints = critical, requireExplicitPolicy:2, inhibitPolicyMapping:1
certificatePolicies = 2.23.140.1.2.1, 1.2.3.4
inhibitAnyPolicy = critical, 1
";

const LEAF: &str = "\
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid, issuer:always
subjectAltName = DNS:www.example.com, DNS:*.example.com, IP:192.0.2.1, email:a@example.com, URI:spiffe://example.com/a
authorityInfoAccess = OCSP;URI:http://ocsp.example.com/, caIssuers;URI:http://ca.example.com/int.der
crlDistributionPoints = URI:http://crl.example.com/int.crl
certificatePolicies = 2.23.140.1.2.1
tlsfeature = status_request
1.2.3.4.5 = DER:0500
";

#[test]
fn show_says_what_openssl_says() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new(openssl);
    let shown = house.json(&["show", "leaf.pem", "int.pem", "root.pem"]);
    let told = house.told(&["show", "leaf.pem", "int.pem", "root.pem"]);
    for (place, name) in ["leaf.pem", "int.pem", "root.pem"].into_iter().enumerate() {
        let one = &shown["certificates"][place];
        let asked = |what: &str| {
            let said = house.openssl(["x509", "-noout", "-in", name, "-dateopt", "iso_8601", what]);
            let said = String::from_utf8(said).unwrap();
            said.trim().split_once('=').unwrap().1.to_owned()
        };
        assert_eq!(one["sha1"], *asked("-fingerprint"));
        assert_eq!(
            one["serial_number"].as_str().unwrap().replace(':', ""),
            *asked("-serial")
        );
        for (field, what) in [("not_before", "-startdate"), ("not_after", "-enddate")] {
            assert_eq!(one[field].as_str().unwrap().replace('T', " "), *asked(what));
        }
        for field in ["sha256", "sha1", "serial_number", "not_after"] {
            assert!(told.contains(one[field].as_str().unwrap()), "{field}: {told}");
        }
        let sha256 = house.openssl(["x509", "-noout", "-in", name, "-fingerprint", "-sha256"]);
        assert!(
            String::from_utf8(sha256)
                .unwrap()
                .trim()
                .ends_with(one["sha256"].as_str().unwrap())
        );
    }
    // Each signed by the next, the last by itself.
    let signed_by: Vec<_> = (0..3)
        .map(|place| shown["certificates"][place]["signed_by"].as_u64())
        .collect();
    assert_eq!(signed_by, [Some(1), Some(2), None]);
}

#[test]
fn show_tells_every_extension_in_words() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new(openssl);
    let told = house.told(&["show", "chain.pem"]);
    for words in [
        "not an authority",
        "DNS:*.example.com",
        "IP:192.0.2.1",
        "email:a@example.com",
        "URI:spiffe://example.com/a",
        "serverAuth, clientAuth",
        "responder of OCSP URI:http://ocsp.example.com/",
        "the issuer's certificate URI:http://ca.example.com/int.der",
        "URI:http://crl.example.com/int.crl",
        "issued by directory:CN=Root",
        "the server promises to staple a response of OCSP",
        "not known here; in DER 05:00",
        "an authority: may issue certificates, with no other authority below it",
        "permitted DNS:example.com",
        "excluded IP:10.0.0.0/8",
        "a policy is required after 2 more certificates",
        "policies are not mapped after 1 more certificate",
        "2.23.140.1.2.1 (domain validated)",
        "anyPolicy stands for no other policy after 1 more certificate",
        "90 days left",
        "CN=Root (not here)",
    ] {
        // The dates are some seconds old by now.
        assert!(
            told.contains(words) || words == "90 days left" && told.contains("89 days left"),
            "{words}: {told}"
        );
    }
}

#[test]
fn an_old_root_is_a_root_all_the_same() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new(openssl);
    let old = [
        "req", "-x509", "-sha1", "-days", "3650", "-key", "root.key", "-subj", "/CN=Old", "-out", "old.pem",
    ];
    house.openssl(old);
    let told = house.told(&["show", "old.pem"]);
    assert!(told.contains("CN=Old [1] names itself as its issuer"), "{told}");
    assert!(
        told.contains("ECDSA with SHA-1") && !told.contains("warnings"),
        "{told}"
    );
}

#[test]
fn every_form_is_read_and_written() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new(openssl);
    let chain = house.read("chain.pem");
    let of = |pem: &[u8]| -> Vec<Vec<u8>> {
        pem::certificates(pem)
            .unwrap()
            .into_iter()
            .map(|(_, der)| der)
            .collect()
    };
    let written = |arguments: &[&str]| house.cert(arguments).stdout;

    // Ours is read by OpenSSL.
    for (form, encoding) in [("pkcs7", "pem"), ("pkcs7-der", "der")] {
        house.write("ours.p7b", written(&["convert", "--to", form, "chain.pem"]));
        let read = house.openssl(["pkcs7", "-inform", encoding, "-print_certs", "-in", "ours.p7b"]);
        assert_eq!(of(&read), of(&chain));
        assert_eq!(of(&written(&["convert", "--to", "pem", "ours.p7b"])), of(&chain));
    }
    house.told(&["convert", "--to", "der", "--out", "ours.der", "leaf.pem"]);
    assert_eq!(
        of(&house.openssl(["x509", "-inform", "der", "-in", "ours.der"])),
        of(&chain)[..1]
    );

    // OpenSSL's by us.
    for encoding in ["pem", "der"] {
        let made = [
            "crl2pkcs7",
            "-nocrl",
            "-certfile",
            "chain.pem",
            "-outform",
            encoding,
            "-out",
            "theirs.p7b",
        ];
        house.openssl(made);
        assert_eq!(of(&written(&["convert", "--to", "pem", "theirs.p7b"])), of(&chain));
    }
    let again = of(&written(&["convert", "--to", "pem", "ours.der", "int.pem"]));
    assert_eq!(again, of(&chain));
    let json = house.json(&["convert", "--to", "pem", "chain.pem"]);
    assert_eq!(json["certificates"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_cannot_be_converted_is_said() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new(openssl);
    house.openssl([
        "pkcs12",
        "-export",
        "-in",
        "chain.pem",
        "-inkey",
        "leaf.key",
        "-passout",
        "pass:a",
        "-out",
        "leaf.p12",
    ]);
    house.write("joined.pem", [house.read("leaf.key"), house.read("leaf.pem")].concat());
    house.write("cut.pem", &house.read("leaf.pem")[..200]);
    let fails = |arguments: &[&str], code: i32, words: &str| {
        let output = house.cert(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words) && said.contains("hint: "), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
    };
    fails(
        &["convert", "--to", "pem", "leaf.p12"],
        26,
        "openssl pkcs12 -in FILE -nokeys",
    );
    fails(&["convert", "--to", "pem", "leaf.csr"], 26, "request for a certificate");
    fails(&["convert", "--to", "pem", "leaf.key"], 26, "it holds a private key");
    fails(&["convert", "--to", "pem", "cut.pem"], 26, "line 1");
    fails(
        &["convert", "--to", "pem", "nowhere.pem"],
        26,
        "cannot read nowhere.pem",
    );
    fails(
        &["convert", "--to", "der", "chain.pem"],
        2,
        "DER holds one certificate, and here are 2",
    );
    fails(
        &["convert", "--to", "pem", "--out", "leaf.pem", "int.pem"],
        23,
        "--force",
    );
    fails(
        &["show", "https://example.com"],
        3,
        "neither a file that is there nor a server",
    );

    // A key stays where it is, and that is told.
    let joined = house.cert(&["convert", "--to", "pem", "joined.pem"]);
    assert!(joined.status.success());
    assert!(!String::from_utf8_lossy(&joined.stdout).contains("PRIVATE"));
    assert!(String::from_utf8_lossy(&joined.stderr).contains("the private key in joined.pem was left out"));
}

#[test]
fn a_key_of_any_kind_and_form_finds_its_certificate() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new(openssl);
    for (name, kind) in [
        ("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..]),
        ("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("ed25519", &["-algorithm", "ED25519"]),
    ] {
        let (key, der, certificate) = (
            format!("{name}.pem.key"),
            format!("{name}.der.key"),
            format!("{name}.pem"),
        );
        house.openssl(["genpkey", "-out", &key].iter().chain(kind));
        house.openssl(["pkey", "-in", &key, "-outform", "der", "-out", &der]);
        house.openssl([
            "req",
            "-x509",
            "-new",
            "-key",
            &key,
            "-subj",
            "/CN=a",
            "-out",
            &certificate,
        ]);
        for key in [&key, &der] {
            assert!(
                house
                    .told(&["check-key", &certificate, key])
                    .starts_with("The key belongs")
            );
        }
        assert_eq!(
            house.cert(&["check-key", &certificate, "leaf.key"]).status.code(),
            Some(1)
        );
        let json = house.json(&["check-key", "chain.pem", &key]);
        assert_eq!(json["belongs"], false);
    }
    // Whichever certificate it is.
    let json = house.json(&["check-key", "chain.pem", "int.key"]);
    assert_eq!(json["certificate"]["subject"], "CN=int,O=Example");

    house.openssl([
        "pkey",
        "-in",
        "leaf.key",
        "-aes256",
        "-passout",
        "pass:a",
        "-out",
        "locked.key",
    ]);
    let locked = house.cert(&["check-key", "leaf.pem", "locked.key"]);
    assert_eq!(locked.status.code(), Some(26));
    assert!(String::from_utf8_lossy(&locked.stderr).contains("encrypted"));
}

#[test]
fn verify_judges_as_openssl_does() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new(openssl);
    let ca = ["verify", "--ca", "root.pem"];
    let verify = |more: &[&str]| house.cert(&[&ca, more].concat()).status.code();
    // The policies that the intermediate asks for are there.
    house.openssl([
        "verify",
        "-CAfile",
        "root.pem",
        "-untrusted",
        "int.pem",
        "-verify_hostname",
        "www.example.com",
        "leaf.pem",
    ]);
    assert_eq!(verify(&["--name", "www.example.com", "chain.pem"]), Some(0));
    assert_eq!(verify(&["leaf.pem", "root.pem", "int.pem"]), Some(0));
    assert_eq!(verify(&["--name", "example.org", "chain.pem"]), Some(60));
    assert_eq!(verify(&["--time", "2020-01-01", "chain.pem"]), Some(60));
    assert_eq!(verify(&["leaf.pem"]), Some(60));
    assert_eq!(
        house.cert(&["verify", "--ca", "leaf.key", "chain.pem"]).status.code(),
        Some(77)
    );
    let json = house.json(&[&ca[..], &["--time", "2120-01-01", "chain.pem"]].concat());
    assert_eq!(json["accepted"], false);
    assert_eq!(json["refusal"]["code"], "X509-EXPIRED");
    assert_eq!(json["refusal"]["page"], "docs/refusals/X509-EXPIRED.md");
    let json = house.json(&[&ca[..], &["chain.pem"]].concat());
    assert_eq!(json["accepted"], true);
}

#[test]
fn verify_judges_by_the_profile_that_is_named() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new(openssl);
    // As most of the guides make it: it does not say which key signed it.
    house.write(
        "leaf.cnf",
        "subjectAltName = DNS:www.example.com\ncertificatePolicies = 2.23.140.1.2.1\nauthorityKeyIdentifier = none\n",
    );
    house.sign("leaf", "int");
    let verify =
        |more: &[&str]| house.json(&[&["verify", "--ca", "root.pem"], more, &["leaf.pem", "int.pem"]].concat());
    for more in [&[][..], &["--profile", "private"]] {
        assert_eq!(verify(more)["accepted"], true, "{more:?}");
    }
    for profile in ["web", "rfc5280"] {
        assert_eq!(verify(&["--profile", profile])["refusal"]["code"], "X509-NO-AKI");
    }
}

#[test]
fn verify_asks_lists_and_responses_whether_a_certificate_was_revoked() {
    let Some(openssl) = OPENSSL.for_this_test() else { return };
    let house = House::new(openssl);
    house.write("ca.cnf", AUTHORITYS_BOOKS);
    house.write("crlnumber", "01\n");
    house.write("index", "");
    let list = |issuer: &str, out: &str| {
        let (key, certificate) = (format!("{issuer}.key"), format!("{issuer}.pem"));
        let list = [
            "ca",
            "-config",
            "ca.cnf",
            "-gencrl",
            "-keyfile",
            &key,
            "-cert",
            &certificate,
            "-out",
            out,
        ];
        house.openssl(list);
    };
    list("root", "root.crl");
    list("int", "int.crl");
    house.openssl(["crl", "-in", "int.crl", "-outform", "DER", "-out", "int-crl.der"]);
    let verify = |more: &[&str]| house.json(&[&["verify", "--ca", "root.pem"], more, &["chain.pem"]].concat());
    let both = ["--crl", "root.crl", "--crl", "int.crl"];

    assert_eq!(verify(&both)["accepted"], true);
    assert_eq!(verify(&["--crl", "root.crl", "--crl", "int-crl.der"])["accepted"], true);
    for more in [&["--revocation", "hard"][..], &["--crl", "int.crl"]] {
        assert_eq!(verify(more)["refusal"]["code"], "X509-REVOCATION-UNKNOWN", "{more:?}");
    }
    let soft = verify(&["--revocation", "soft", "--crl", "int.crl"]);
    assert_eq!(soft["accepted"], true);
    assert!(soft.to_string().contains("X509-REVOCATION-UNKNOWN"));

    // The responder takes the authority's books for what is known.
    let revoke = [
        "ca", "-config", "ca.cnf", "-keyfile", "int.key", "-cert", "int.pem", "-revoke", "leaf.pem",
    ];
    house.openssl(revoke);
    list("int", "int.crl");
    house.openssl([
        "ocsp",
        "-index",
        "index",
        "-CA",
        "int.pem",
        "-rsigner",
        "int.pem",
        "-rkey",
        "int.key",
        "-issuer",
        "int.pem",
        "-cert",
        "leaf.pem",
        "-ndays",
        "3",
        "-respout",
        "leaf.ocsp",
    ]);
    for more in [&both[..], &["--crl", "root.crl", "--ocsp", "leaf.ocsp"]] {
        assert_eq!(verify(more)["refusal"]["code"], "X509-REVOKED", "{more:?}");
    }
    for (option, file) in [("--crl", "leaf.pem"), ("--ocsp", "root.crl")] {
        let output = house.cert(&["verify", "--ca", "root.pem", option, file, "chain.pem"]);
        assert_eq!(output.status.code(), Some(26));
        assert!(String::from_utf8_lossy(&output.stderr).contains(option), "{output:?}");
    }
}

const AUTHORITYS_BOOKS: &str = "\
[ca]
default_ca = books
[books]
database = index
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
crl_extensions = of_a_list
[of_a_list]
authorityKeyIdentifier = keyid
";

#[test]
fn show_asks_a_server_and_trusts_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = portunus(folder.path())
        .arg("serve")
        .arg(folder.path())
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(server.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("https://localhost:") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "it serves");
    }
    let port = line
        .split_once("https://localhost:")
        .unwrap()
        .1
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let other = tempfile::tempdir().unwrap();
    let shown = portunus(other.path())
        .args(["cert", "show", &format!("127.0.0.1:{port}")])
        .output()
        .unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let _ = output.read_to_string(&mut line);
    let told = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.status.success(), "{shown:?}");
    assert!(
        told.contains("DNS:localhost") && told.contains("certificate 1"),
        "{told}"
    );

    let gone = portunus(other.path())
        .args(["cert", "show", &format!("127.0.0.1:{port}")])
        .output()
        .unwrap();
    assert_eq!(gone.status.code(), Some(7));
}
