//! A peer's process: what it says is read as it comes, and it ends with its test.

use std::io::{Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// No peer takes as long; a test that waits for more fails with what the peer said.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// A process that runs.
pub(crate) struct Running {
    child: Child,
    keyboard: Option<ChildStdin>,
    screen: Arc<Screen>,
}

/// What a process that ended has said.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: Vec<u8>,
    /// Both of its outputs.
    pub(crate) said: String,
}

#[derive(Default)]
struct Screen {
    shown: Mutex<Shown>,
    more: Condvar,
}

#[derive(Default)]
struct Shown {
    out: Vec<u8>,
    errors: Vec<u8>,
    closed: usize,
}

impl Shown {
    fn text(&self) -> String {
        format!(
            "{}\n{}",
            String::from_utf8_lossy(&self.out),
            String::from_utf8_lossy(&self.errors)
        )
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    Running::start(command).end()
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let screen = Arc::new(Screen::default());
        let (out, errors) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        screen.read(out, |shown| &mut shown.out);
        screen.read(errors, |shown| &mut shown.errors);
        Self {
            keyboard: child.stdin.take(),
            child,
            screen,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        let keyboard = self.keyboard.as_mut().unwrap();
        // A peer that has left is told apart by what it said.
        let _ = keyboard.write_all(text.as_bytes()).and_then(|()| keyboard.flush());
    }

    /// Waits until the process has said this; gives all that it has said.
    pub(crate) fn wait_for(&self, expected: &str) -> String {
        self.wait_for_times(expected, 1)
    }

    /// Waits until the process has said this so many times.
    pub(crate) fn wait_for_times(&self, expected: &str, times: usize) -> String {
        self.screen.wait(
            |shown| (shown.text().matches(expected).count() >= times).then(|| shown.text()),
            expected,
        )
    }

    /// The rest of the first line that begins like this, when it is whole.
    pub(crate) fn wait_for_line(&self, start: &str) -> String {
        let rest = |text: &str| {
            let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_prefix(start));
            lines.next()?.strip_suffix('\n').map(|line| line.trim().to_owned())
        };
        self.screen
            .wait(|shown| rest(&String::from_utf8_lossy(&shown.out)), start)
    }

    /// What follows `start` in the first word that has it, when its line is whole.
    pub(crate) fn wait_for_number(&self, start: &str) -> u16 {
        let number = |text: &str| {
            let (_, rest) = text.split_once(start)?;
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            (digits.len() < rest.len()).then(|| digits.parse().ok())?
        };
        self.screen.wait(|shown| number(&shown.text()), start)
    }

    /// Closes the keyboard and waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        drop(self.keyboard.take());
        self.screen.wait(|shown| (shown.closed == 2).then_some(()), "its end");
        let status = self.child.wait().unwrap();
        let mut shown = self.screen.shown.lock().unwrap();
        let said = shown.text();
        let out = std::mem::take(&mut shown.out);
        Ended { status, out, said }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Screen {
    fn read(self: &Arc<Self>, mut from: impl Read + Send + 'static, part: fn(&mut Shown) -> &mut Vec<u8>) {
        let screen = Arc::clone(self);
        thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let read = from.read(&mut buffer).unwrap_or(0);
                let mut shown = screen.shown.lock().unwrap();
                part(&mut shown).extend_from_slice(&buffer[..read]);
                shown.closed += usize::from(read == 0);
                screen.more.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
    }

    fn wait<T>(&self, found: impl Fn(&Shown) -> Option<T>, what: &str) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut shown = self.shown.lock().unwrap();
        loop {
            if let Some(value) = found(&shown) {
                return value;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let text = shown.text();
            if left.is_zero() || shown.closed == 2 {
                // The lock is given back before the panic, so that the readers end in peace.
                drop(shown);
                panic!("waited in vain for {what}: {text}");
            }
            shown = self.more.wait_timeout(shown, left).unwrap().0;
        }
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert!(self.status.success(), "{}: {}", self.status, self.said);
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, expected: &str) -> &Self {
        assert!(self.said.contains(expected), "no {expected:?} in {}", self.said);
        self
    }
}
