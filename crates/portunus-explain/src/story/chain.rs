//! Step 3: the chain, and every check on it.

use portunus_tls::{CertificateFault, Error};
use portunus_x509::{Certificate, Finding, Outcome, Refusal, RefusedPath, VerifiedPath};

use super::Told;
use super::certificate::in_short;
use super::text::{Block, Mark, Text, Tone, list, paragraph};
use crate::words::counted;
use crate::{Recording, Trust, What};

/// Paths of a refusal that are shown: the first is closest to success, and a jumbled chain can have hundreds.
const PATHS: usize = 3;

pub(super) fn tell(recording: &Recording) -> Told {
    if recording.is_resumed() {
        let text = "The certificate was checked when the session began; the session ends before that verdict does.";
        return Told {
            done: true,
            body: vec![paragraph(text)],
        };
    }
    let verified = recording.find(|what| match what {
        What::ChainVerified { path } => Some(path),
        _ => None,
    });
    match verified {
        Some(Some(path)) => Told {
            done: true,
            body: accepted(path),
        },
        Some(None) => Told {
            done: true,
            body: vec![unjudged(recording.target.trust)],
        },
        None => Told {
            done: false,
            body: refusal(recording).map(refused).unwrap_or_default(),
        },
    }
}

pub(crate) fn refusal(recording: &Recording) -> Option<&Refusal> {
    recording.find(|what| match what {
        What::Failed(Error::Certificate(CertificateFault::Refused(refusal))) => Some(&**refusal),
        _ => None,
    })
}

fn accepted(path: &VerifiedPath) -> Vec<Block> {
    let certificates = path.certificates();
    let mut body = vec![paragraph(format_args!(
        "There is a path from the server's certificate to an authority that the client trusts, of {}. Every check on it, \
         by the clock of {}:",
        counted(certificates.len(), "certificate"),
        path.time()
    ))];
    let checks = path.checks();
    for (index, der) in certificates.iter().enumerate() {
        let role = match (index, index.saturating_add(1) == certificates.len()) {
            (_, true) => "trusted authority",
            (0, false) => "the server",
            (_, false) => "intermediate",
        };
        let heading = Text::of(Tone::Value, subject(der))
            .say(" ")
            .tone(Tone::Dim, format_args!("({role})"));
        let items = checks
            .iter()
            .filter(|finding| finding.certificate == index)
            .map(item)
            .collect();
        body.push(Block::List { heading, items });
    }
    let notes: Vec<_> = path.notes().iter().map(ToString::to_string).collect();
    if !notes.is_empty() {
        body.push(list("Also", Mark::Item, notes));
    }
    body
}

fn unjudged(trust: Trust) -> Block {
    match trust {
        Trust::GivenUp => Block::Paragraph(Text::of(Tone::Warn, "Nobody checked it: ").say(
            "path and name were given up (-k). Whoever sits on the way can be the other end. That the other end holds \
                 the key of the certificate that it showed is still proved, in step 5.",
        )),
        Trust::Judged => paragraph("An application's own verifier accepted it."),
    }
}

fn refused(refusal: &Refusal) -> Vec<Block> {
    let mut body = vec![paragraph(match refusal.paths().len() {
        0 => "There was no path to try.".to_owned(),
        count => format!(
            "{} tried, and refused:",
            if count == 1 {
                "1 path was".into()
            } else {
                format!("{count} paths were")
            }
        ),
    })];
    body.extend(refusal.paths().iter().take(PATHS).map(tried));
    if let Some(more @ 1..) = refusal.paths().len().checked_sub(PATHS) {
        body.push(paragraph(format_args!("And {more} more.")));
    }
    body
}

fn tried(path: &RefusedPath) -> Block {
    let way: Vec<_> = path.certificates().iter().map(|one| one.subject.as_str()).collect();
    let end = if path.reaches_anchor() {
        "(trusted authority)"
    } else {
        "(no trusted authority)"
    };
    let heading = Text::of(Tone::Value, way.join(" ← ")).say(" ").tone(Tone::Dim, end);
    Block::List {
        heading,
        items: path.findings().iter().map(item).collect(),
    }
}

fn item(finding: &Finding) -> (Mark, Text) {
    let mark = match finding.outcome {
        Outcome::Passed => Mark::Passed,
        Outcome::Warned => Mark::Warned,
        Outcome::Failed => Mark::Failed,
    };
    let text = Text::new(finding).say(" ");
    (mark, text.tone(Tone::Dim, format_args!("({})", finding.check.field())))
}

fn subject(der: &[u8]) -> String {
    match Certificate::parse(der) {
        Ok(certificate) => {
            let name = certificate.subject().to_string();
            if name.is_empty() { "(no name)".to_owned() } else { name }
        }
        Err(_) => in_short(der),
    }
}
