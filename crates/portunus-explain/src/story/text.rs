//! What a story is made of: words with a tone, so that each rendering can show the tone in its own way.

use std::fmt::Display;

/// What a piece of text is to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Ordinary words.
    Plain,
    /// What to look at first.
    Strong,
    /// A value of this connection.
    Value,
    /// As it should be.
    Good,
    /// Not as it should be, and let pass.
    Warn,
    /// Not as it should be.
    Bad,
    /// For whoever wants to know it all.
    Dim,
}

/// A piece of text in one tone. Safe to show: what a peer chose was escaped when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its tone.
    pub tone: Tone,
    /// The words.
    pub text: String,
}

/// A text of several tones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Vec<Span>);

impl Text {
    pub(crate) fn new(words: impl Display) -> Self {
        Self::default().say(words)
    }

    pub(crate) fn of(tone: Tone, words: impl Display) -> Self {
        Self::default().tone(tone, words)
    }

    pub(crate) fn say(self, words: impl Display) -> Self {
        self.tone(Tone::Plain, words)
    }

    pub(crate) fn value(self, words: impl Display) -> Self {
        self.tone(Tone::Value, words)
    }

    pub(crate) fn tone(mut self, tone: Tone, words: impl Display) -> Self {
        self.0.push(Span {
            tone,
            text: words.to_string(),
        });
        self
    }

    /// The words alone.
    pub fn plain(&self) -> String {
        self.0.iter().map(|span| span.text.as_str()).collect()
    }
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Well.
    Passed,
    /// Not well, and let pass.
    Warned,
    /// Not well.
    Failed,
    /// One item of a list, without a judgement.
    Item,
}

impl Mark {
    pub(crate) fn sign(self) -> char {
        match self {
            Self::Passed => '✓',
            Self::Warned => '!',
            Self::Failed => '✗',
            Self::Item => '·',
        }
    }

    pub(crate) fn tone(self) -> Tone {
        match self {
            Self::Passed => Tone::Good,
            Self::Warned => Tone::Warn,
            Self::Failed => Tone::Bad,
            Self::Item => Tone::Dim,
        }
    }
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The name.
    pub label: &'static str,
    /// The value.
    pub value: Text,
}

/// A part of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Sentences.
    Paragraph(Text),
    /// A table of names and values.
    Facts(Vec<Fact>),
    /// A list, its heading first.
    List {
        /// What it is a list of.
        heading: Text,
        /// Its items.
        items: Vec<(Mark, Text)>,
    },
}

/// A table under way.
#[derive(Default)]
pub(crate) struct Facts(Vec<Fact>);

impl Facts {
    pub(crate) fn row(mut self, label: &'static str, value: impl Display) -> Self {
        self.0.push(Fact {
            label,
            value: Text::of(Tone::Value, value),
        });
        self
    }

    /// A value with a remark on it, in parentheses.
    pub(crate) fn noted(mut self, label: &'static str, value: impl Display, remark: impl Display) -> Self {
        let value = Text::of(Tone::Value, value)
            .say(" ")
            .tone(Tone::Dim, format_args!("({remark})"));
        self.0.push(Fact { label, value });
        self
    }

    pub(crate) fn text(mut self, label: &'static str, value: Text) -> Self {
        self.0.push(Fact { label, value });
        self
    }

    pub(crate) fn maybe(self, label: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.row(label, value),
            None => self,
        }
    }

    pub(crate) fn block(self) -> Block {
        Block::Facts(self.0)
    }
}

pub(crate) fn paragraph(words: impl Display) -> Block {
    Block::Paragraph(Text::new(words))
}

pub(crate) fn list(heading: impl Display, mark: Mark, items: impl IntoIterator<Item = String>) -> Block {
    let items = items.into_iter().map(|item| (mark, Text::new(item))).collect();
    Block::List {
        heading: Text::new(heading),
        items,
    }
}
