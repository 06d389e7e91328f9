//! Starts that fail, and ends.

use crate::program::{Serving, portunus};
use crate::{folder, run, text};

#[test]
fn a_start_that_cannot_be_says_what_to_do() {
    let folder = folder(&[]);
    let none = run(portunus(folder.path()).args(["serve", "no-such-folder"]));
    assert_eq!(none.status.code(), Some(1));
    assert!(text(&none.stderr).contains("no-such-folder") && text(&none.stderr).contains("hint:"));
    let serving = Serving::start(folder.path(), &[]);
    let address = format!("127.0.0.1:{}", serving.port);
    let taken = run(portunus(folder.path()).args(["serve", "--listen", &address]));
    assert_eq!(taken.status.code(), Some(1));
    assert!(
        text(&taken.stderr).contains("another program has the port"),
        "{}",
        text(&taken.stderr)
    );
}

#[cfg(unix)]
mod signals {
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn an_idle_server_ends_at_the_first_signal() {
        for signal in ["TERM", "INT"] {
            let folder = folder(&[]);
            let mut serving = Serving::start(folder.path(), &[]);
            serving.signal(signal);
            assert_eq!(serving.child.wait().expect("an end").code(), Some(0), "{signal}");
        }
    }

    #[test]
    fn a_download_is_finished_after_the_first_signal_and_cut_off_by_the_second() {
        let Some(curl) = portunus_peers::CURL.for_this_test() else {
            return;
        };
        let large = vec![b'x'; 64 * 1024 * 1024];
        let folder = folder(&[("large", &large)]);
        for (signals, code) in [(1, 0), (2, 130)] {
            let mut serving = Serving::start(folder.path(), &[]);
            let root = serving.root();
            let mut visitor = Command::new(&curl)
                .args(["-sN", "--cacert"])
                .arg(root)
                .arg(serving.url("/large"))
                .stdout(Stdio::piped())
                .spawn()
                .expect("curl runs");
            let mut download = visitor.stdout.take().expect("its output");
            // It has begun, and cannot end before the rest is read.
            download.read_exact(&mut [0; 1000]).expect("a beginning");
            serving.signal("TERM");
            if signals == 2 {
                while !serving.log().contains("stopping:") {
                    std::thread::yield_now();
                }
                serving.signal("INT");
                assert_eq!(serving.child.wait().expect("an end").code(), Some(code));
            }
            let mut rest = Vec::new();
            download.read_to_end(&mut rest).expect("the rest");
            let success = visitor.wait().expect("an end").success();
            assert_eq!(success, signals == 1);
            assert_eq!(rest.len() == large.len() - 1000, signals == 1);
            assert_eq!(serving.child.wait().expect("an end").code(), Some(code));
        }
    }
}
