//! What OpenSSL and GnuTLS say of the certificates.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use portunus_ca::Authority;
use portunus_peers::{GNUTLS, OPENSSL};
use portunus_x509::{Certificate, UnixTime};

use crate::{DataDir, names};

/// These programs look at the clock themselves.
fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    UnixTime(i64::try_from(since_1970.as_secs()).unwrap())
}

/// Two programs that look at certificates.
struct Peers {
    openssl: PathBuf,
    certtool: PathBuf,
}

/// Whether a program was content, and all that it said.
struct Verdict {
    accepted: bool,
    said: String,
}

impl Peers {
    fn find() -> Option<Self> {
        let certtool = GNUTLS.for_this_test()?.with_file_name("certtool");
        Some(Self {
            openssl: OPENSSL.for_this_test()?,
            certtool,
        })
    }

    /// What both say to a server's chain when they trust the authority's root.
    fn judge(&self, data_dir: &DataDir, chain: &Path, name: &str) -> [Verdict; 2] {
        let root = data_dir.file("ca/root.pem");
        let check = if name.parse::<std::net::IpAddr>().is_ok() {
            "-verify_ip"
        } else {
            "-verify_hostname"
        };
        let mut openssl = Command::new(&self.openssl);
        openssl.args(["verify", "-x509_strict", "-purpose", "sslserver", check, name]);
        openssl
            .arg("-CAfile")
            .arg(&root)
            .arg("-untrusted")
            .arg(chain)
            .arg(chain);

        let mut certtool = Command::new(&self.certtool);
        certtool.args([
            "--verify",
            "--verify-profile=high",
            "--verify-purpose=1.3.6.1.5.5.7.3.1",
        ]);
        certtool.arg(format!("--verify-hostname={name}"));
        certtool
            .arg("--load-ca-certificate")
            .arg(&root)
            .arg("--infile")
            .arg(chain);
        [run(&mut openssl), run(&mut certtool)]
    }

    /// A chain that a thief makes with OpenSSL and a key of the authority.
    fn forge(&self, data_dir: &DataDir, stolen: &str, name: &str, alternative_name: &str) -> PathBuf {
        let file = |name: &str| data_dir.file(name);
        let openssl = |arguments: &[&dyn AsRef<OsStr>]| {
            let made = run(Command::new(&self.openssl).args(arguments.iter().map(|argument| argument.as_ref())));
            assert!(made.accepted, "{}", made.said);
        };
        let (key, request, extensions) = (file("thief-key.pem"), file("thief.csr"), file("thief.ext"));
        openssl(&[
            &"genpkey",
            &"-algorithm",
            &"EC",
            &"-pkeyopt",
            &"ec_paramgen_curve:P-256",
            &"-out",
            &key,
        ]);
        openssl(&[&"req", &"-new", &"-key", &key, &"-subj", &"/O=Thief", &"-out", &request]);
        let text = format!(
            "subjectAltName={alternative_name}\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n\
             basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        );
        fs::write(&extensions, text).unwrap();
        let (issuer, issuer_key) = (file(&format!("ca/{stolen}.pem")), file(&format!("ca/{stolen}-key.pem")));
        let leaf = file("thief.pem");
        openssl(&[
            &"x509",
            &"-req",
            &"-days",
            &"30",
            &"-in",
            &request,
            &"-CA",
            &issuer,
            &"-CAkey",
            &issuer_key,
            &"-extfile",
            &extensions,
            &"-out",
            &leaf,
        ]);
        let chain = file(&format!("{stolen}-{name}.pem"));
        let parts = [fs::read(&leaf).unwrap(), fs::read(file("ca/intermediate.pem")).unwrap()];
        fs::write(&chain, parts.concat()).unwrap();
        chain
    }
}

fn run(command: &mut Command) -> Verdict {
    let output = command.output().unwrap();
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    Verdict {
        accepted: output.status.success(),
        said: String::from_utf8_lossy(&said).into_owned(),
    }
}

#[test]
fn openssl_and_gnutls_accept_what_is_issued() {
    let Some(peers) = Peers::find() else { return };
    let data_dir = DataDir::new();
    let authority = Authority::create(data_dir.path(), &names(&["lan"]), now()).unwrap();
    for name in ["localhost", "app.test", "nas.lan", "127.0.0.1", "::1", "192.168.1.1"] {
        let issued = authority.issue(&names(&[name]), now()).unwrap();
        let chain = data_dir.file("chain.pem");
        issued.write(&chain, &data_dir.file("key.pem"), true).unwrap();
        for verdict in peers.judge(&data_dir, &chain, name) {
            assert!(verdict.accepted, "{name}: {}", verdict.said);
        }
    }
}

#[test]
fn openssl_and_gnutls_refuse_what_a_stolen_key_signs_for_a_bank() {
    let Some(peers) = Peers::find() else { return };
    let data_dir = DataDir::new();
    Authority::create(data_dir.path(), &[], now()).unwrap();
    for stolen in ["intermediate", "root"] {
        for (name, alternative_name, accepted) in [
            ("mine.test", "DNS:mine.test", true),
            ("bank.example", "DNS:bank.example", false),
            ("8.8.8.8", "IP:8.8.8.8", false),
        ] {
            let chain = peers.forge(&data_dir, stolen, name, alternative_name);
            let [openssl, gnutls] = peers.judge(&data_dir, &chain, name);
            assert_eq!(openssl.accepted, accepted, "{stolen} {name}: {}", openssl.said);
            assert_eq!(gnutls.accepted, accepted, "{stolen} {name}: {}", gnutls.said);
            assert_eq!(
                openssl.said.contains("permitted subtree violation"),
                !accepted,
                "{}",
                openssl.said
            );
        }
    }
}

/// An authority that openssl made: names of TeletexString, UTF8String and PrintableString, two attributes in one set, one kind twice.
fn import(openssl: &Path, data_dir: &DataDir) {
    const CONFIG: &str = "\
[req]
prompt = no
utf8 = yes
string_mask = MASK:0x2004
distinguished_name = root_name
[root_name]
C = DE
0.O = Größte Wurzel
1.+O = Ключи
0.OU = Zweite
1.OU = Dritte
[intermediate_name]
0.O = Größter Zweig
+CN = Ключ
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
nameConstraints = critical,permitted;DNS:corp
[intermediate]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
nameConstraints = critical,permitted;DNS:corp
";
    fs::create_dir(data_dir.file("ca")).unwrap();
    let config = data_dir.file("openssl.cnf");
    fs::write(&config, CONFIG).unwrap();
    let name = data_dir.file("intermediate.cnf");
    fs::write(&name, CONFIG.replace("= root_name", "= intermediate_name")).unwrap();
    let new = |config: &Path, certificate: &str, extensions: &str| {
        let mut command = Command::new(openssl);
        command.args(["req", "-x509", "-new", "-nodes", "-days", "30", "-newkey", "ec"]);
        command.args(["-pkeyopt", "ec_paramgen_curve:P-256", "-extensions", extensions]);
        command.arg("-config").arg(config);
        command.arg("-out").arg(data_dir.file(&format!("ca/{certificate}.pem")));
        command
            .arg("-keyout")
            .arg(data_dir.file(&format!("ca/{certificate}-key.pem")));
        command
    };
    let root = run(&mut new(&config, "root", "root"));
    assert!(root.accepted, "{}", root.said);
    let mut intermediate = new(&name, "intermediate", "intermediate");
    intermediate.arg("-CA").arg(data_dir.file("ca/root.pem"));
    let intermediate = run(intermediate.arg("-CAkey").arg(data_dir.file("ca/root-key.pem")));
    assert!(intermediate.accepted, "{}", intermediate.said);
}

#[test]
fn the_names_of_an_imported_authority_stay_byte_for_byte() {
    let Some(peers) = Peers::find() else { return };
    let data_dir = DataDir::new();
    import(&peers.openssl, &data_dir);
    // Also where the root signs by itself.
    for root_alone in [false, true] {
        if root_alone {
            for suffix in ["", "-key"] {
                let (root, intermediate) = (format!("ca/root{suffix}.pem"), format!("ca/intermediate{suffix}.pem"));
                fs::copy(data_dir.file(&root), data_dir.file(&intermediate)).unwrap();
            }
        }
        let authority = Authority::open(data_dir.path()).unwrap();
        let issuer = Certificate::parse(authority.intermediate_der()).unwrap();
        let subject = issuer.subject().der();
        let has_tag = |tag: u8| subject.windows(5).any(|bytes| bytes[0] == 0x55 && bytes[3] == tag);
        assert!(
            has_tag(0x14) && has_tag(0x0c),
            "TeletexString and UTF8String: {subject:x?}"
        );
        // Our own verifier has looked at it before it is handed out.
        let issued = authority.issue(&names(&["nas.corp"]), now()).unwrap();
        let leaf = Certificate::parse(&issued.chain[0]).unwrap();
        assert_eq!(leaf.issuer().der(), subject);
        let chain = data_dir.file("chain.pem");
        issued.write(&chain, &data_dir.file("key.pem"), true).unwrap();
        for verdict in peers.judge(&data_dir, &chain, "nas.corp") {
            assert!(verdict.accepted, "{}", verdict.said);
        }
    }
}
