//! Each reason for which a certificate is refused has its page, and each page its reason.

use std::path::Path;

use portunus_x509::Check;

#[test]
fn each_code_has_its_page_and_its_row() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/refusals");
    for check in Check::ALL {
        let code = check.code();
        let page = std::fs::read_to_string(folder.join(format!("{code}.md"))).unwrap_or_default();
        assert!(page.starts_with(&format!("# {code}\n")), "docs/refusals/{code}.md");
        for part in [
            "## What it means",
            "## Usual causes",
            "## See it yourself",
            "## The cure",
        ] {
            assert!(
                page.contains(&format!("\n{part}\n")),
                "docs/refusals/{code}.md has no '{part}'"
            );
        }
        assert!(
            page.contains(check.rule()),
            "docs/refusals/{code}.md does not cite {}",
            check.rule()
        );
    }
    let index = std::fs::read_to_string(folder.join("README.md")).expect("the index");
    for check in Check::ALL {
        let row = format!(
            "| [{0}]({0}.md) | {1} | {2} |",
            check.code(),
            check.fails(),
            check.rule()
        );
        assert!(index.contains(&row), "docs/refusals/README.md has no row {row}");
    }
    for page in std::fs::read_dir(&folder).expect("the pages") {
        let name = page.expect("a page").file_name().into_string().expect("a name");
        let known = Check::ALL.iter().any(|check| name == format!("{}.md", check.code()));
        assert!(known || name == "README.md", "docs/refusals/{name} is about no check");
    }
}
