//! The seven steps of HTTPS, told with the values of one connection.

mod answer;
mod asked;
mod certificate;
mod chain;
mod data;
mod end;
pub(crate) mod figure;
mod proof;
mod secret;
pub(crate) mod text;

use portunus_tls::Direction;

use self::figure::Figure;
use self::text::{Block, Mark, Text, Tone, paragraph};
use crate::failure::Diagnosis;
use crate::words;
use crate::{Recording, What};

/// What there is to say about a connection, for any rendering of it.
#[derive(Clone, Debug)]
pub struct Story {
    /// What was asked for.
    pub title: Text,
    /// How it came out, in a sentence.
    pub verdict: Text,
    /// Why it failed, if it did: who is at fault, and what to do.
    pub failure: Option<Vec<Block>>,
    /// The messages in the order in which they crossed the wire.
    pub figure: Figure,
    /// The seven steps.
    pub steps: Vec<Step>,
}

/// One of the seven steps.
#[derive(Clone, Debug)]
pub struct Step {
    /// From 1 to 7.
    pub number: u8,
    /// What it is about.
    pub title: &'static str,
    /// How far it went.
    pub state: StepState,
    /// What there is to say.
    pub body: Vec<Block>,
}

/// How far a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepState {
    /// It was done.
    Done,
    /// The connection failed here.
    Failed,
    /// The connection was over before.
    NotReached,
}

/// The steps' titles, in order.
const TITLES: [&str; 7] = [
    "The client asks for a secure site",
    "The server answers with its certificate",
    "The client checks the certificate",
    "Both make a secret that never crosses the wire",
    "The server proves that it holds the private key",
    "Data flows, encrypted",
    "The keys are discarded",
];

impl Story {
    /// Tells the story of a recorded connection, from the client's side.
    pub fn tell(recording: &Recording) -> Self {
        let diagnosis = Diagnosis::of(recording);
        let tellers: [fn(&Recording) -> Told; 7] = [
            asked::tell,
            answer::tell,
            chain::tell,
            secret::tell,
            proof::tell,
            data::tell,
            end::tell,
        ];
        let steps = TITLES.into_iter().zip(tellers).zip(1..).map(|((title, tell), number)| {
            let Told { done, mut body } = tell(recording);
            let failed = diagnosis.as_ref().filter(|diagnosis| diagnosis.step == number);
            if failed.is_some() {
                body.push(Block::Paragraph(Text::of(Tone::Bad, "Here it failed.")));
            }
            let state = match (failed, done) {
                (Some(_), _) => StepState::Failed,
                (None, true) => StepState::Done,
                (None, false) => StepState::NotReached,
            };
            let title = match number {
                4 if recording.key_transport().is_some() => "The client sends a secret that only the private key opens",
                _ => title,
            };
            Step {
                number,
                title,
                state,
                body,
            }
        });
        Self {
            title: Text::of(Tone::Strong, "HTTPS, step by step: ").value(words::printable(&recording.target.url)),
            verdict: verdict(recording, diagnosis.as_ref()),
            failure: diagnosis.as_ref().map(failure),
            figure: Figure::draw(recording),
            steps: steps.collect(),
        }
    }
}

/// What a step's teller says.
struct Told {
    /// Whether the step was done, by what was recorded.
    done: bool,
    body: Vec<Block>,
}

impl Told {
    fn not_reached() -> Self {
        Self {
            done: false,
            body: Vec::new(),
        }
    }
}

fn verdict(recording: &Recording, diagnosis: Option<&Diagnosis>) -> Text {
    let Some(diagnosis) = diagnosis else {
        return success(recording);
    };
    let text = match diagnosis.step {
        0 => Text::of(Tone::Bad, "Failed before step 1"),
        step => Text::of(Tone::Bad, format_args!("Failed at step {step} of 7")),
    };
    text.say(": ").say(&diagnosis.what).say(".")
}

fn success(recording: &Recording) -> Text {
    let chosen = recording.find(|what| match what {
        What::Chosen { version, cipher_suite } => Some((*version, *cipher_suite)),
        _ => None,
    });
    let group = recording.find(|what| match what {
        What::KeyExchanged { group, .. } => Some(*group),
        _ => None,
    });
    let mut parts: Vec<String> = Vec::new();
    parts.extend(chosen.iter().map(|(version, _)| version.to_string()));
    parts.extend(group.map(|group| group.to_string()));
    parts.extend(recording.key_transport().map(|_| "RSA key transport".to_owned()));
    parts.extend(chosen.iter().map(|(_, suite)| suite.to_string()));
    if recording.is_resumed() {
        parts.push("resumed".to_owned());
    }
    let text = match recording.target.trust {
        crate::Trust::Judged => Text::of(Tone::Good, "All steps succeeded"),
        crate::Trust::GivenUp => Text::of(Tone::Warn, "Encrypted, but nobody checked with whom"),
    };
    text.say(": ").value(parts.join(", ")).say(".")
}

fn failure(diagnosis: &Diagnosis) -> Vec<Block> {
    let mut blocks: Vec<_> = diagnosis.why.iter().map(paragraph).collect();
    blocks.push(Block::Paragraph(
        Text::of(Tone::Strong, "At fault: ").say(diagnosis.fault).say("."),
    ));
    if let Some((direction, alert)) = diagnosis.alert {
        let who = match direction {
            Direction::Sent => "The server was told",
            Direction::Received => "The server said",
        };
        let text = Text::new(who)
            .say(" ")
            .value(alert)
            .say(format_args!(": {}.", alert.meaning()));
        blocks.push(Block::Paragraph(text));
    }
    if let Some(rule) = diagnosis.rule {
        blocks.push(Block::Paragraph(Text::new("The rule: ").value(rule).say(".")));
    }
    if !diagnosis.advice.is_empty() {
        let items = diagnosis
            .advice
            .iter()
            .map(|advice| (Mark::Item, Text::new(advice)))
            .collect();
        blocks.push(Block::List {
            heading: Text::of(Tone::Strong, "What to do"),
            items,
        });
    }
    blocks
}
