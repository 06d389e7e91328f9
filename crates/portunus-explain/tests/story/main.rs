//! Stories of connections that succeed and fail, as whole texts.

mod failures;
mod hostile;
mod json;
mod scene;
mod successes;

use portunus_explain::{Block, Recording, Story, Text, terminal};
use snapbox::{Data, assert_data_eq};

/// The story at 80 columns, without colour.
fn told(recording: &Recording) -> String {
    plain(&Story::tell(recording), 80)
}

/// As [`told`], at another width, and steady.
fn at(recording: &Recording, width: usize) -> String {
    plain(&steady(recording), width)
}

/// The story of which only these steps are told, the others by their titles: what is told of every connection stands in
/// the texts of a whole one.
fn of_steps(recording: &Recording, steps: &[u8]) -> String {
    let mut story = steady(recording);
    for step in &mut story.steps {
        if !steps.contains(&step.number) {
            step.body.clear();
        }
    }
    plain(&story, 80)
}

/// The story with one size for every ClientHello, since what is offered changes with the engine.
fn steady(recording: &Recording) -> Story {
    let mut recording = recording.clone();
    recording.sent.wire = 2_000;
    let mut story = Story::tell(&recording);
    let hellos = story
        .figure
        .arrows
        .iter_mut()
        .filter(|arrow| arrow.label == "ClientHello");
    let mut sizes = Vec::new();
    for hello in hellos {
        sizes.push(hello.bytes);
        hello.bytes = 1_500;
    }
    let blocks = story
        .steps
        .iter_mut()
        .flat_map(|step| &mut step.body)
        .chain(story.failure.iter_mut().flatten());
    for block in blocks {
        let texts: Vec<&mut Text> = match block {
            Block::Paragraph(text) => vec![text],
            Block::Facts(facts) => facts.iter_mut().map(|fact| &mut fact.value).collect(),
            Block::List { items, .. } => items.iter_mut().map(|(_, text)| text).collect(),
        };
        for span in texts.into_iter().flat_map(|text| &mut text.0) {
            for size in &sizes {
                let (thousands, rest) = (size / 1_000, size % 1_000);
                let shown = if thousands > 0 {
                    format!("{thousands},{rest:03} bytes")
                } else {
                    format!("{rest} bytes")
                };
                span.text = span.text.replace(&shown, "1,500 bytes");
            }
        }
    }
    story
}

fn plain(story: &Story, width: usize) -> String {
    terminal::render(story, terminal::Look { width, colour: false })
}

/// Holds a text against a file; `SNAPSHOTS=overwrite` writes the file.
#[track_caller]
fn assert_told(text: String, expected: Data) {
    assert_data_eq!(text, expected.raw());
}
