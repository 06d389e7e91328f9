//! The authority's files: private, whole, made once, and never touched again.

use std::fs;
use std::sync::Barrier;
use std::thread;

use portunus_ca::{Authority, Error};

use crate::{DataDir, NOW, names};

#[test]
fn there_is_no_authority_until_somebody_makes_it() {
    let data_dir = DataDir::new();
    let missing = Authority::open(&data_dir.file("not/there")).unwrap_err();
    assert!(matches!(missing, Error::NoAuthority { .. }), "{missing}");
    fs::create_dir(data_dir.file("ca")).unwrap();
    let missing = Authority::open(data_dir.path()).unwrap_err();
    assert!(
        matches!(missing, Error::NoAuthority { .. }),
        "an empty folder is none: {missing}"
    );
    Authority::open_or_create(data_dir.path(), NOW).unwrap();
}

#[test]
fn an_authority_is_made_once() {
    let (data_dir, authority) = DataDir::with_authority();
    let before = data_dir.contents();
    let refused = Authority::create(data_dir.path(), &names(&["lan"]), NOW).unwrap_err();
    assert!(matches!(refused, Error::AuthorityExists { .. }), "{refused}");
    let again = Authority::open_or_create(data_dir.path(), NOW).unwrap();
    assert_eq!(again.root_der(), authority.root_der());
    assert_eq!(data_dir.contents(), before);
}

#[test]
fn whoever_starts_at_once_gets_the_same_authority() {
    const STARTERS: usize = 8;
    for _ in 0..10 {
        let data_dir = DataDir::new();
        let barrier = Barrier::new(STARTERS);
        let mut roots: Vec<_> = thread::scope(|scope| {
            let starters: Vec<_> = (0..STARTERS)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        Authority::open_or_create(data_dir.path(), NOW)
                            .unwrap()
                            .root_der()
                            .to_vec()
                    })
                })
                .collect();
            starters.into_iter().map(|starter| starter.join().unwrap()).collect()
        });
        roots.dedup();
        assert_eq!(roots.len(), 1);
        assert_eq!(
            fs::read_dir(data_dir.path()).unwrap().count(),
            1,
            "nothing but the authority is left"
        );
    }
}

#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let parent = DataDir::new();
    let data_dir = parent.file("data");
    Authority::open_or_create(&data_dir, NOW)
        .unwrap()
        .leaf(&names(&["localhost"]), NOW)
        .unwrap();
    for (file, mode) in [
        ("data", 0o700),
        ("data/ca", 0o700),
        ("data/certificates", 0o700),
        ("data/ca/root-key.pem", 0o600),
        ("data/ca/intermediate-key.pem", 0o600),
        ("data/certificates/localhost.pem", 0o600),
    ] {
        assert_eq!(
            fs::metadata(parent.file(file)).unwrap().permissions().mode() & 0o777,
            mode,
            "{file}"
        );
    }
}

#[test]
fn a_missing_file_is_named_and_nothing_is_made_in_its_place() {
    for file in ["root.pem", "intermediate.pem", "intermediate-key.pem"] {
        let (data_dir, _) = DataDir::with_authority();
        fs::remove_file(data_dir.file("ca").join(file)).unwrap();
        let before = data_dir.contents();
        let error = Authority::open_or_create(data_dir.path(), NOW).unwrap_err();
        assert!(
            matches!(error, Error::Incomplete { file: missing, .. } if missing == file),
            "{error}"
        );
        assert!(
            error
                .to_string()
                .ends_with(&format!("is incomplete: {file} is missing")),
            "{error}"
        );
        assert_eq!(data_dir.contents(), before);
    }
}

#[test]
fn the_roots_key_may_be_kept_elsewhere() {
    let (data_dir, _) = DataDir::with_authority();
    fs::remove_file(data_dir.file("ca/root-key.pem")).unwrap();
    Authority::open(data_dir.path())
        .unwrap()
        .issue(&names(&["localhost"]), NOW)
        .unwrap();
}

#[test]
fn a_damaged_file_is_named_and_nothing_is_lost() {
    let (other, _) = DataDir::with_authority();
    let from_other = |file: &str| fs::read(other.file("ca").join(file)).unwrap();
    let cut = |file: &str| {
        let mut half = from_other(file);
        half.truncate(half.len() / 2);
        half
    };
    let cases = [
        ("root.pem", Vec::new()),
        ("root.pem", b"\x1b[2J\r\n".to_vec()),
        ("root.pem", cut("root.pem")),
        ("intermediate.pem", cut("intermediate.pem")),
        ("intermediate-key.pem", cut("intermediate-key.pem")),
        ("intermediate-key.pem", from_other("root.pem")),
        ("intermediate.pem", from_other("intermediate.pem")),
        ("intermediate.pem", from_other("root.pem")),
        (
            "root.pem",
            [from_other("root.pem"), from_other("intermediate.pem")].concat(),
        ),
        ("root.pem", from_other("intermediate.pem")),
    ];
    for (file, contents) in cases {
        let (data_dir, _) = DataDir::with_authority();
        fs::write(data_dir.file("ca").join(file), contents).unwrap();
        let before = data_dir.contents();
        let error = Authority::open_or_create(data_dir.path(), NOW).unwrap_err();
        assert!(
            matches!(&error, Error::Damaged { path, .. } if path.ends_with(file)),
            "{file}: {error}"
        );
        assert!(!error.to_string().contains(char::is_control), "{error:?}");
        assert_eq!(data_dir.contents(), before);
    }
}

#[test]
fn a_key_of_another_authority_is_noticed() {
    let (data_dir, _) = DataDir::with_authority();
    let (other, _) = DataDir::with_authority();
    fs::copy(
        other.file("ca/intermediate-key.pem"),
        data_dir.file("ca/intermediate-key.pem"),
    )
    .unwrap();
    let error = Authority::open(data_dir.path()).unwrap_err();
    assert!(
        error.to_string().ends_with("its private key is not the certificate's"),
        "{error}"
    );
}

#[test]
fn a_file_where_the_folder_would_be_stays() {
    let data_dir = DataDir::new();
    fs::write(data_dir.file("ca"), "a file").unwrap();
    assert!(matches!(
        Authority::open_or_create(data_dir.path(), NOW),
        Err(Error::File { .. })
    ));
    assert_eq!(fs::read_to_string(data_dir.file("ca")).unwrap(), "a file");
}

#[test]
fn nothing_secret_is_shown_by_debug() {
    let (data_dir, authority) = DataDir::with_authority();
    let issued = authority.issue(&names(&["localhost"]), NOW).unwrap();
    let key = fs::read_to_string(data_dir.file("ca/intermediate-key.pem")).unwrap();
    let line = key.lines().nth(1).unwrap();
    for shown in [format!("{authority:?}"), format!("{issued:?}")] {
        assert!(!shown.contains(line));
        assert!(!shown.contains("key_pkcs8_der"), "{shown}");
    }
}

#[test]
fn issued_files_replace_others_only_when_told() {
    let (data_dir, authority) = DataDir::with_authority();
    let (first, second) = (
        authority.issue(&names(&["localhost"]), NOW).unwrap(),
        authority.issue(&names(&["localhost"]), NOW).unwrap(),
    );
    let (chain, key) = (data_dir.file("chain.pem"), data_dir.file("key.pem"));
    first.write(&chain, &key, false).unwrap();
    let before = data_dir.contents();
    assert!(matches!(
        second.write(&chain, &key, false),
        Err(Error::FileExists { .. })
    ));
    fs::remove_file(&key).unwrap();
    assert!(matches!(
        second.write(&chain, &key, false),
        Err(Error::FileExists { .. })
    ));
    assert!(!key.exists(), "all or nothing");
    first.write(&chain, &key, true).unwrap();
    assert_eq!(data_dir.contents(), before);
    second.write(&chain, &key, true).unwrap();
    assert_eq!(fs::read_to_string(&chain).unwrap(), second.chain_pem());
    assert_eq!(fs::read_to_string(&key).unwrap(), second.key_pem().as_str());
}
