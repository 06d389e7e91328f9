//! A story for a terminal: folded to its width, in colour or not.

use anstyle::{AnsiColor, Style};
use portunus_tls::Direction;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::story::figure::{Arrow, Figure};
use crate::story::text::{Block, Fact, Span, Text, Tone};
use crate::story::{Step, StepState, Story};
use crate::words::bytes;

/// The narrowest that it is folded to; a narrower terminal wraps by itself.
const NARROWEST: usize = 40;
/// The widest: longer lines are hard to read.
const WIDEST: usize = 120;

/// Columns of one byte of a fingerprint.
const PAIR: usize = 3;

/// How a terminal shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The terminal's columns.
    pub width: usize,
    /// Whether it may have colours.
    pub colour: bool,
}

/// The whole story as text.
pub fn render(story: &Story, look: Look) -> String {
    let width = look.width.clamp(NARROWEST, WIDEST);
    let mut page = Page {
        width,
        colour: look.colour,
        text: String::new(),
    };
    page.folded("", "", &story.title);
    page.gap();
    page.folded("", "", &story.verdict);
    if let Some(blocks) = &story.failure {
        page.gap();
        page.blocks("  ", blocks);
    }
    if !story.figure.arrows.is_empty() {
        page.gap();
        page.figure(&story.figure);
    }
    let mut gap = true;
    for step in &story.steps {
        // Steps without a body stand together.
        if gap || !step.body.is_empty() {
            page.gap();
        }
        page.step(step);
        gap = !step.body.is_empty();
    }
    page.text
}

struct Page {
    width: usize,
    colour: bool,
    text: String,
}

/// A line's pieces, each in one tone.
type Line = Vec<Span>;

impl Page {
    fn gap(&mut self) {
        self.text.push('\n');
    }

    fn step(&mut self, step: &Step) {
        let (sign, tone) = match step.state {
            StepState::Done => ("✓", Tone::Good),
            StepState::Failed => ("✗", Tone::Bad),
            StepState::NotReached => ("–", Tone::Dim),
        };
        let title = if step.state == StepState::NotReached {
            Tone::Dim
        } else {
            Tone::Strong
        };
        let mut heading = Text::of(tone, sign)
            .say(" ")
            .tone(title, format_args!("{}. {}", step.number, step.title));
        if step.state == StepState::NotReached {
            heading = heading.tone(
                Tone::Dim,
                if step.body.is_empty() {
                    ": not reached"
                } else {
                    ": not finished"
                },
            );
        }
        self.folded("", "     ", &heading);
        self.blocks("     ", &step.body);
    }

    fn blocks(&mut self, indent: &str, blocks: &[Block]) {
        for (index, block) in blocks.iter().enumerate() {
            if index > 0 {
                self.gap();
            }
            match block {
                Block::Paragraph(text) => self.folded(indent, indent, text),
                Block::Facts(facts) => self.facts(indent, facts),
                Block::List { heading, items } => {
                    if !heading.0.is_empty() {
                        self.folded(indent, indent, heading);
                    }
                    let hanging = format!("{indent}  ");
                    for (mark, text) in items {
                        let mut item = Text::of(mark.tone(), mark.sign()).say(" ");
                        item.0.extend(text.0.iter().cloned());
                        self.folded(indent, &hanging, &item);
                    }
                }
            }
        }
    }

    fn facts(&mut self, indent: &str, facts: &[Fact]) {
        let widest = facts.iter().map(|fact| fact.label.width()).max().unwrap_or(0);
        let hanging = format!("{indent}{:widest$}  ", "");
        for fact in facts {
            let label = format!("{:<widest$}", fact.label);
            let room = self.width.saturating_sub(hanging.width());
            for (index, line) in fold(&fact.value, room).into_iter().enumerate() {
                if index == 0 {
                    self.text.push_str(indent);
                    self.span(Tone::Dim, &label);
                    self.text.push_str("  ");
                } else {
                    self.text.push_str(&hanging);
                }
                self.line(&line);
            }
        }
    }

    /// A text of which the first line stands behind `first`, the others behind `others`.
    fn folded(&mut self, first: &str, others: &str, text: &Text) {
        let room = self.width.saturating_sub(first.width().max(others.width()));
        for (index, line) in fold(text, room).into_iter().enumerate() {
            self.text.push_str(if index == 0 { first } else { others });
            self.line(&line);
        }
    }

    fn line(&mut self, line: &[Span]) {
        for span in line {
            self.span(span.tone, &span.text);
        }
        self.text.push('\n');
    }

    fn span(&mut self, tone: Tone, text: &str) {
        let style = style(tone);
        if self.colour && style != Style::new() {
            self.text.push_str(&format!("{style}{text}{style:#}"));
        } else {
            self.text.push_str(text);
        }
    }

    fn figure(&mut self, figure: &Figure) {
        let inner = self.width.saturating_sub(8).min(72);
        let server = cut(&figure.server, inner.saturating_sub(8));
        let space = inner
            .saturating_add(4)
            .saturating_sub("client".len())
            .saturating_sub(server.width());
        self.text.push_str(&format!("  client{:space$}{server}\n", ""));
        for arrow in &figure.arrows {
            self.arrow(arrow, inner);
        }
        self.folded("  ", "  ", &Text::of(Tone::Dim, "─ in the clear, ═ encrypted"));
    }

    fn arrow(&mut self, arrow: &Arrow, inner: usize) {
        let tone = if arrow.encrypted { Tone::Good } else { Tone::Warn };
        let stroke = if arrow.encrypted { "═" } else { "─" };
        let size = bytes(arrow.bytes);
        let label = cut(&arrow.label, inner.saturating_sub(size.width()).saturating_sub(8));
        // Three spaces, two short strokes and the head.
        let taken = label.width().saturating_add(size.width()).saturating_add(6);
        let long = stroke.repeat(inner.saturating_sub(taken).max(1));
        let short = stroke.repeat(2);
        self.text.push_str("  │ ");
        match arrow.direction {
            Direction::Sent => {
                self.span(Tone::Value, &label);
                self.text.push(' ');
                self.span(tone, &long);
                self.text.push_str(&format!(" {size} "));
                self.span(tone, &format!("{short}▶"));
            }
            Direction::Received => {
                self.span(tone, &format!("◀{short}"));
                self.text.push_str(&format!(" {size} "));
                self.span(tone, &long);
                self.text.push(' ');
                self.span(Tone::Value, &label);
            }
        }
        self.text.push_str(" │\n");
    }
}

fn style(tone: Tone) -> Style {
    let plain = Style::new();
    match tone {
        Tone::Plain => plain,
        Tone::Strong => plain.bold(),
        Tone::Value => plain.fg_color(Some(AnsiColor::Cyan.into())),
        Tone::Good => plain.fg_color(Some(AnsiColor::Green.into())),
        Tone::Warn => plain.fg_color(Some(AnsiColor::Yellow.into())),
        Tone::Bad => plain.fg_color(Some(AnsiColor::Red.into())).bold(),
        Tone::Dim => plain.dimmed(),
    }
}

/// Text of at most this many columns.
fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut shown = String::new();
    for c in text.chars() {
        if shown.width().saturating_add(c.width().unwrap_or(0)) >= columns {
            break;
        }
        shown.push(c);
    }
    shown.push('…');
    shown
}

/// Breaks a text into lines of at most `room` columns, at spaces; within words only where one is longer than a line.
fn fold(text: &Text, room: usize) -> Vec<Line> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let mut line = Line::new();
    let mut used = 0_usize;
    for word in words(text) {
        let width: usize = word.iter().map(|span| span.text.width()).sum();
        if used > 0 && used.saturating_add(1).saturating_add(width) > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            push(&mut line, word.first().map_or(Tone::Plain, |span| span.tone), ' ');
            used = used.saturating_add(1);
        }
        // A fingerprint that is longer than a line is torn behind a colon, anything else where the line ends.
        let colons = if width > room { PAIR } else { 0 };
        for span in &word {
            for c in span.text.chars() {
                let wide = c.width().unwrap_or(0);
                let torn =
                    line.last().is_some_and(|span| span.text.ends_with(':')) && used.saturating_add(colons) > room;
                if torn || used.saturating_add(wide) > room {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                push(&mut line, span.tone, c);
                used = used.saturating_add(wide);
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn push(line: &mut Line, tone: Tone, c: char) {
    match line.last_mut() {
        Some(span) if span.tone == tone => span.text.push(c),
        _ => line.push(Span {
            tone,
            text: c.to_string(),
        }),
    }
}

/// The words of a text; one of several tones stays one.
fn words(text: &Text) -> Vec<Line> {
    let mut words = Vec::new();
    let mut word = Line::new();
    for span in &text.0 {
        for c in span.text.chars() {
            if c == ' ' {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            } else {
                push(&mut word, span.tone, c);
            }
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &Text, room: usize) -> Vec<String> {
        let plain = |line: &Line| line.iter().map(|span| span.text.as_str()).collect();
        fold(text, room).iter().map(plain).collect()
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_anywhere() {
        assert_eq!(folded(&Text::new("one two three"), 7), ["one two", "three"]);
        assert_eq!(folded(&Text::new("0123456789 x"), 4), ["0123", "4567", "89 x"]);
        assert_eq!(folded(&Text::default(), 10), Vec::<String>::new());
    }

    #[test]
    fn a_word_of_two_tones_is_not_torn() {
        assert_eq!(
            folded(&Text::new("see ").value("value").say(", then"), 9),
            ["see", "value,", "then"]
        );
    }

    #[test]
    fn wide_characters_count_as_what_they_take() {
        assert_eq!(folded(&Text::new("日本語日本"), 6), ["日本語", "日本"]);
        assert_eq!(cut("日本語", 5), "日本…");
    }
}
