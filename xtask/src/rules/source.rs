//! A Rust file as the rules see it: its text, and its code as a flat row of tokens without comments and tests.

use std::collections::BTreeSet;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::Finding;

/// All Rust files of the project.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) files: Vec<Source>,
}

/// One Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the project's folder on, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Nothing here is shipped: a test, a bench, a fuzz target, or what only they use.
    pub(crate) is_test: bool,
    /// The code, tests left out.
    pub(crate) code: Vec<Token>,
    /// The code, tests among it.
    pub(crate) all_code: Vec<Token>,
    /// What `lib.rs` of the same crate gives another name or place: the name at the root, and the module it is from.
    pub(crate) root_names: Vec<(String, String)>,
}

/// An identifier, a punctuation mark, a bracket or a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// A path as the code names it, such as `std::fs::read`, `use` trees taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

impl Sources {
    /// Reads files, each given as its path and text.
    pub(crate) fn read(texts: Vec<(String, String)>) -> Result<Self, String> {
        let mut files = Vec::new();
        let mut test_modules = BTreeSet::new();
        for (path, text) in texts {
            let stream = TokenStream::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
            let mut all_code = Vec::new();
            flatten(stream, &mut all_code);
            let (code, modules) = without_tests(&all_code);
            for module in modules {
                match module {
                    OuterModule::At(file) => {
                        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                        test_modules.insert(format!("{folder}/{file}"));
                    }
                    OuterModule::Named(name) => {
                        let folder = folder_of_modules(&path);
                        test_modules.insert(format!("{folder}/{name}.rs"));
                        test_modules.insert(format!("{folder}/{name}/"));
                    }
                }
            }
            files.push(Source {
                path,
                text,
                is_test: false,
                code,
                all_code,
                root_names: Vec::new(),
            });
        }
        for file in &mut files {
            file.is_test = test_modules.iter().any(|module| file.path.starts_with(module))
                || file
                    .path
                    .split('/')
                    .any(|part| matches!(part, "tests" | "benches" | "examples"))
                || !file.path.starts_with("crates/")
                || file.path.starts_with("crates/portunus-peers/");
        }
        let roots: Vec<_> = files
            .iter()
            .filter(|file| file.path.ends_with("/src/lib.rs"))
            .map(|file| (file.path.trim_end_matches("lib.rs").to_owned(), re_exports(&file.code)))
            .collect();
        for file in &mut files {
            let root = roots.iter().find(|(folder, _)| file.path.starts_with(folder));
            file.root_names = root.map(|(_, names)| names.clone()).unwrap_or_default();
        }
        Ok(Self { files })
    }
}

impl Source {
    /// One file alone, for the tests of rules.
    #[cfg(test)]
    pub(crate) fn of(path: &str, text: &str) -> Self {
        let sources = Sources::read(vec![(path.to_owned(), text.to_owned())]).expect("tokens");
        sources.files.into_iter().next().expect("one file")
    }

    /// The crate's folder name, for a file that is in one.
    pub(crate) fn krate(&self) -> Option<&str> {
        self.path
            .strip_prefix("crates/")
            .and_then(|rest| rest.split('/').next())
    }

    /// A file that goes into what we ship.
    pub(crate) fn is_shipped(&self) -> bool {
        !self.is_test
    }

    /// The file's module path in its crate: `handshake`, `client`, `tls13`; empty for the root.
    pub(crate) fn module(&self) -> Vec<&str> {
        let within = self.path.split_once("/src/").map_or("", |(_, within)| within);
        let within = within.trim_end_matches(".rs").trim_end_matches("/mod");
        within
            .split('/')
            .filter(|part| !matches!(*part, "lib" | "main" | "mod" | ""))
            .collect()
    }

    pub(crate) fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding {
            path: self.path.clone(),
            line,
            what: what.into(),
        }
    }

    /// Every path that the code names.
    pub(crate) fn names(&self) -> Vec<Named> {
        names(&self.code)
    }
}

fn flatten(stream: TokenStream, into: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                into.push(Token {
                    text: open.into(),
                    line,
                });
                let end = group.span_close().end().line;
                flatten(group.stream(), into);
                into.push(Token {
                    text: close.into(),
                    line: end,
                });
            }
            other => into.push(Token {
                text: other.to_string(),
                line,
            }),
        }
    }
}

/// Whether the tokens from `at` on are these.
pub(crate) fn reads(code: &[Token], at: usize, words: &[&str]) -> bool {
    words
        .iter()
        .enumerate()
        .all(|(offset, word)| code.get(at + offset).is_some_and(|token| token.text == *word))
}

/// The code without items that only tests have, and the modules among them whose code is in other files.
fn without_tests(code: &[Token]) -> (Vec<Token>, Vec<OuterModule>) {
    let mut kept = Vec::new();
    let mut modules = Vec::new();
    let mut at = 0;
    while at < code.len() {
        if reads(code, at, &["#", "!", "["]) && is_for_tests(code, at + 2) {
            return (kept, modules);
        }
        if reads(code, at, &["#", "["]) && is_for_tests(code, at + 1) {
            let end = end_of_item(code, at);
            if let Some(module) = outer_module(&code[at..end]) {
                modules.push(module);
            }
            at = end;
        } else {
            kept.push(code[at].clone());
            at += 1;
        }
    }
    (kept, modules)
}

/// Whether the attribute whose `[` stands here is `test`, `cfg(test)` or a `cfg` of all of several conditions with it.
fn is_for_tests(code: &[Token], bracket: usize) -> bool {
    let end = closing(code, bracket);
    let words: Vec<&str> = code[bracket..end].iter().map(|token| token.text.as_str()).collect();
    match words.as_slice() {
        ["[", "test"] | ["[", "cfg", "(", "test", ..] => true,
        ["[", "cfg", "(", "all", "(", conditions @ ..] => conditions.contains(&"test") && !conditions.contains(&"any"),
        _ => false,
    }
}

/// The place behind the item that begins here, its attributes before it.
fn end_of_item(code: &[Token], mut at: usize) -> usize {
    while reads(code, at, &["#", "["]) {
        at = closing(code, at + 1) + 1;
    }
    // A comma ends a field or a variant; in an item it parts type parameters.
    let mut is_item = false;
    while let Some(token) = code.get(at) {
        match token.text.as_str() {
            ";" => return at + 1,
            "," if !is_item => return at + 1,
            "{" => {
                let end = closing(code, at) + 1;
                // `use a::{b, c};` and `static A: B = C { d };` go on to their semicolon.
                return if reads(code, end, &[";"]) { end + 1 } else { end };
            }
            "(" | "[" => at = closing(code, at) + 1,
            "}" | ")" | "]" => return at,
            word => {
                is_item |= matches!(
                    word,
                    "fn" | "impl" | "mod" | "struct" | "enum" | "trait" | "type" | "const" | "use"
                );
                at += 1;
            }
        }
    }
    at
}

/// The place of the bracket that closes the one here.
fn closing(code: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in code.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    code.len().saturating_sub(1)
}

/// A module whose code is in another file.
enum OuterModule {
    /// `mod NAME;`: beneath this one.
    Named(String),
    /// `#[path = "FILE"] mod NAME;`: beside this file.
    At(String),
}

/// The module that the item declares, if it is one whose code is in another file.
fn outer_module(item: &[Token]) -> Option<OuterModule> {
    let at = item.iter().position(|token| token.text == "mod")?;
    if !reads(item, at + 2, &[";"]) {
        return None;
    }
    let path = (0..at)
        .find(|at| reads(item, *at, &["path", "="]))
        .and_then(|at| item.get(at + 2));
    let at_path = path.map(|path| OuterModule::At(path.text.trim_matches('"').to_owned()));
    Some(at_path.unwrap_or_else(|| OuterModule::Named(item[at + 1].text.clone())))
}

/// The folder where the modules that a file declares stand.
fn folder_of_modules(path: &str) -> String {
    let stem = path.trim_end_matches(".rs");
    let root = ["/lib", "/main", "/mod"]
        .iter()
        .find_map(|name| stem.strip_suffix(name));
    root.unwrap_or(stem).to_owned()
}

/// Every path in the code.
fn names(code: &[Token]) -> Vec<Named> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        // `use<'a>` in a type names what it captures, no path.
        if code[at].text == "use" && !reads(code, at + 1, &["<"]) {
            at = use_tree(code, at + 1, &[], &mut found);
        } else if is_name(&code[at].text) {
            let line = code[at].line;
            let mut segments = vec![code[at].text.clone()];
            at += 1;
            while reads(code, at, &[":", ":"]) && code.get(at + 2).is_some_and(|token| is_name(&token.text)) {
                segments.push(code[at + 2].text.clone());
                at += 3;
            }
            found.push(Named { segments, line });
        } else {
            at += 1;
        }
    }
    found
}

/// Takes a `use` tree apart, from `at` to the end of this branch, and gives the place behind it.
fn use_tree(code: &[Token], mut at: usize, before: &[String], found: &mut Vec<Named>) -> usize {
    let mut segments = before.to_vec();
    while let Some(token) = code.get(at) {
        match token.text.as_str() {
            "{" => {
                let end = closing(code, at);
                at += 1;
                while at < end {
                    at = use_tree(code, at, &segments, found).max(at + 1);
                    if reads(code, at, &[","]) {
                        at += 1;
                    }
                }
                return end + 1;
            }
            ";" | "," | "}" => break,
            ":" => {}
            word => segments.push(word.to_owned()),
        }
        at += 1;
    }
    let line = code.get(at.saturating_sub(1)).map_or(0, |token| token.line);
    if segments.len() > before.len() {
        found.push(Named { segments, line });
    }
    at
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// What `pub use MODULE::…::NAME [as OTHER]` at a crate's root makes reachable there.
fn re_exports(code: &[Token]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let uses = code
        .iter()
        .enumerate()
        .filter(|(_, token)| token.text == "use")
        .map(|(at, _)| at);
    for at in uses {
        let mut named = Vec::new();
        use_tree(code, at + 1, &[], &mut named);
        for Named { segments, .. } in named {
            let own = segments
                .iter()
                .position(|segment| !matches!(segment.as_str(), "crate" | "self"));
            if let (Some(own), Some(last)) = (own, segments.last()) {
                found.push((last.clone(), segments[own].clone()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(code: &[Token]) -> String {
        code.iter()
            .map(|token| token.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn code_is_without_comments_and_tests() {
        let source = Source::of(
            "crates/a/src/lib.rs",
            "// unwrap()\nfn a() {}\n#[cfg(test)]\nmod tests { fn b() { c.unwrap() } }\n#[test] fn d() {}\nfn e() {}",
        );
        assert_eq!(words(&source.code), "fn a ( ) { } fn e ( ) { }");
    }

    #[test]
    fn items_of_every_shape_are_left_out_whole() {
        for item in [
            "use a::{b, c};",
            "static A: B = C { d };",
            "fn f() -> [u8; 2] { [0; 2] }",
            "impl<A, B> C<A, B> for D {}",
        ] {
            let source = Source::of(
                "crates/a/src/lib.rs",
                &format!("#[cfg(test)]\n#[inline]\n{item}\nfn kept() {{}}"),
            );
            assert_eq!(words(&source.code), "fn kept ( ) { }", "{item}");
        }
    }

    #[test]
    fn what_is_not_only_for_tests_stays() {
        let source = Source::of(
            "crates/a/src/lib.rs",
            "#[cfg(any(test, fuzzing))]\nfn a() {}\n#[cfg(not(test))] fn b() {}",
        );
        assert!(words(&source.code).contains("fn a"));
        assert!(words(&source.code).contains("fn b"));
    }

    #[test]
    fn a_module_of_tests_in_its_own_file_is_a_test() {
        let sources = Sources::read(vec![
            (
                "crates/a/src/lib.rs".into(),
                "#[cfg(test)] mod checks; mod real; #[cfg(test)] #[path = \"real_tests.rs\"] mod tests;".into(),
            ),
            ("crates/a/src/checks.rs".into(), "fn a() {}".into()),
            ("crates/a/src/checks/more.rs".into(), "fn a() {}".into()),
            ("crates/a/src/real.rs".into(), "fn a() {}".into()),
            ("crates/a/src/real_tests.rs".into(), "fn a() {}".into()),
            ("crates/a/tests/b.rs".into(), "fn a() {}".into()),
        ])
        .expect("tokens");
        assert_eq!(
            sources.files.iter().map(|file| file.is_test).collect::<Vec<_>>(),
            [false, true, true, false, true, true]
        );
    }

    #[test]
    fn paths_are_found_inline_and_in_use_trees() {
        let source = Source::of(
            "crates/a/src/b.rs",
            "use std::{fs as f, io::{self, Read}};\nfn a() { x::y(std::env::var()) }",
        );
        let names: Vec<String> = source.names().iter().map(|named| named.segments.join("::")).collect();
        for name in [
            "std::fs::as::f",
            "std::io::self",
            "std::io::Read",
            "x::y",
            "std::env::var",
        ] {
            assert!(names.contains(&name.to_owned()), "{name} in {names:?}");
        }
    }

    #[test]
    fn modules_and_lines_are_known() {
        let source = Source::of("crates/a/src/handshake/client/tls13.rs", "\n\nfn a() {}");
        assert_eq!(source.module(), ["handshake", "client", "tls13"]);
        assert_eq!(source.code[0].line, 3);
    }
}
