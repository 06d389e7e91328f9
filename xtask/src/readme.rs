//! Every command in the README runs as it stands there, one after the other, with a data directory of their own.
//!
//! A server goes on in the background until all commands have run, then is told to stop and has to.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::run::{Failure, because, cargo, fail, output, program, root, step, target};

/// Long enough for any command of the README on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// What a line of the README's `sh` blocks asks for.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// Runs until it is told to stop.
    Server,
    /// A command of this program: running it from within itself would not end. Its name is checked.
    Xtask(String),
    /// Runs to its end.
    Command,
}

/// Runs them all and gives those that ran.
pub(crate) fn run() -> Result<Vec<String>, Failure> {
    let path = root().join("README.md");
    let commands = commands(&fs::read_to_string(&path).map_err(because(path.display()))?);
    if commands.is_empty() {
        return fail("README.md has no command in a block of `sh`");
    }
    let data = target().join("readme");
    if data.exists() {
        fs::remove_dir_all(&data).map_err(because(data.display()))?;
    }
    // What is built for the commands does not count towards their time.
    step(&mut cargo(&["build", "--release"]))?;
    let mut servers = Vec::new();
    let outcome = commands
        .iter()
        .try_for_each(|command| run_one(command, &data, &mut servers));
    let stopped: Result<Vec<()>, Failure> = servers.into_iter().map(Server::stop).collect();
    outcome.and(stopped).map(|_| commands)
}

fn run_one(command: &str, data: &Path, servers: &mut Vec<Server>) -> Result<(), Failure> {
    eprintln!("\n$ {command}");
    match kind(command) {
        Kind::Server => servers.push(Server::start(command, data)?),
        Kind::Xtask(name) if crate::COMMANDS.iter().any(|known| known.name == name) => {}
        Kind::Xtask(name) => return fail(format!("README.md: `{command}`: there is no `cargo xtask {name}`")),
        Kind::Command => {
            let limit = LIMIT.as_secs().to_string();
            let mut bash = program("timeout", &[&limit, "bash", "-euo", "pipefail", "-c", command]);
            output(bash.env("PORTUNUS_DATA_DIR", data).stdin(Stdio::null())).map_err(because("README.md"))?;
        }
    }
    Ok(())
}

/// The lines of all blocks that are marked `sh`, without comments.
fn commands(readme: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            let command = line.split(" # ").next().unwrap_or(line).trim();
            if !command.is_empty() && !command.starts_with('#') {
                commands.push(command.to_owned());
            }
        }
    }
    commands
}

fn kind(command: &str) -> Kind {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["cargo", "xtask", name, ..] => Kind::Xtask((*name).to_owned()),
        [_, ..] if words.contains(&"serve") => Kind::Server,
        _ => Kind::Command,
    }
}

/// A server in the background.
struct Server {
    command: String,
    child: Child,
}

impl Server {
    /// Starts it and waits until it says where it can be reached.
    fn start(command: &str, data: &Path) -> Result<Self, Failure> {
        let mut bash = program("bash", &["-c", &format!("exec {command} 2>&1")]);
        bash.env("PORTUNUS_DATA_DIR", data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut server = Self {
            command: command.to_owned(),
            child: bash.spawn().map_err(because(command))?,
        };
        let (says, said) = mpsc::channel();
        let output = server.child.stdout.take();
        // Reads on to the end, so that the server never waits for us.
        thread::spawn(move || {
            for line in output
                .map(BufReader::new)
                .into_iter()
                .flat_map(BufRead::lines)
                .map_while(Result::ok)
            {
                let _ = says.send(line);
            }
        });
        let mut lines = Vec::new();
        loop {
            match said.recv_timeout(LIMIT) {
                Ok(line) if line.contains("https://") => return Ok(server),
                Ok(line) => lines.push(line),
                Err(_) => {
                    let _ = server.child.kill();
                    let _ = server.child.wait();
                    return fail(format!("README.md: `{command}` does not serve:\n{}", lines.join("\n")));
                }
            }
        }
    }

    /// Tells it to stop, as a service manager does, and wants a clean end.
    fn stop(mut self) -> Result<(), Failure> {
        let id = self.child.id().to_string();
        let told = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .map_err(because("kill"))?;
        if !told.success() {
            return fail(format!("README.md: `{}` ended by itself", self.command));
        }
        let (says, said) = mpsc::channel();
        thread::spawn(move || says.send(self.child.wait()));
        match said.recv_timeout(LIMIT) {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => fail(format!(
                "README.md: `{}` ended with {status} when told to stop",
                self.command
            )),
            Ok(Err(error)) => fail(format!("README.md: `{}`: {error}", self.command)),
            Err(_) => {
                let _ = Command::new("kill").args(["-KILL", &id]).status();
                fail(format!("README.md: `{}` did not stop when told to", self.command))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_the_lines_of_shell_blocks() {
        let readme = "text\n```sh\n# first\nportunus serve   # here\n\ncurl x\n```\n```text\nno command\n```\n";
        assert_eq!(commands(readme), ["portunus serve", "curl x"]);
    }

    #[test]
    fn servers_and_our_own_commands_are_told_apart() {
        assert_eq!(kind("cargo run --release -- serve"), Kind::Server);
        assert_eq!(kind("cargo xtask fuzz certificate"), Kind::Xtask("fuzz".into()));
        assert_eq!(
            kind("cargo run --release -- get https://localhost:8443/"),
            Kind::Command
        );
    }

    #[test]
    fn a_server_is_started_and_stopped() {
        let ready =
            "bash -c 'trap \"exit 0\" TERM; echo at https://localhost/; while :; do read -t 0.1 <> <(:) || :; done'";
        let server = Server::start(ready, Path::new("unused")).expect("it says where it is");
        server.stop().expect("it stops");
        let broken = Server::start("bash -c 'echo port in use; exit 1'", Path::new("unused"));
        assert!(broken.is_err_and(|failure| failure.0.contains("port in use")));
    }

    #[test]
    fn a_server_that_fails_to_end_well_is_a_failure() {
        let bad =
            "bash -c 'trap \"exit 3\" TERM; echo at https://localhost/; while :; do read -t 0.1 <> <(:) || :; done'";
        let server = Server::start(bad, Path::new("unused")).expect("it says where it is");
        assert!(server.stop().is_err_and(|failure| failure.0.contains("exit status: 3")));
    }
}
