//! Stories of connections that succeed and fail, as whole texts.

mod failures;
mod hostile;
mod json;
mod scene;
mod successes;

use portunus_explain::{Recording, Story, terminal};
use snapbox::{Data, assert_data_eq};

/// The story at 80 columns, without colour.
fn told(recording: &Recording) -> String {
    at(recording, 80)
}

fn at(recording: &Recording, width: usize) -> String {
    terminal::render(&Story::tell(recording), terminal::Look { width, colour: false })
}

/// The story of which only these steps are told, the others by their titles: what is told of every connection stands in
/// the texts of a whole one.
fn of_steps(recording: &Recording, steps: &[u8]) -> String {
    let mut story = Story::tell(recording);
    for step in &mut story.steps {
        if !steps.contains(&step.number) {
            step.body.clear();
        }
    }
    terminal::render(
        &story,
        terminal::Look {
            width: 80,
            colour: false,
        },
    )
}

/// Holds a text against a file; `SNAPSHOTS=overwrite` writes the file.
#[track_caller]
fn assert_told(text: String, expected: Data) {
    assert_data_eq!(text, expected.raw());
}
