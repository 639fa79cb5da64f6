//! The recipes that ship ask for what they need, no more and no less.

use std::collections::BTreeSet;
use std::path::Path;

use crate::engine::Source;
use crate::engine::footprint::{Reason, derive};
use crate::engine::recipe::Header;
use crate::policy::Grant;

#[test]
fn their_headers_are_what_is_derived() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut count = 0;
    let paths = std::fs::read_dir(folder).expect("the recipes that ship").map(|entry| entry.expect("a file").path());
    for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "rhai")) {
        let source = Source::read(&path).expect("it is readable");
        let found = derive(&source);
        let asked: BTreeSet<String> = Header::read(&source.text)
            .0
            .permissions
            .expect("it asks")
            .iter()
            // Which objects a grant is narrowed to is the author's to know.
            .map(|asked| Grant { labels: Vec::new(), ..asked.grant.clone() }.to_string())
            .collect();
        let needed = found.permissions().into_iter().filter(|need| need.reason == Reason::Recipe);
        assert_eq!(asked, needed.map(|need| need.permission).collect(), "{}", source.name);
        assert!(found.loose.is_empty() && found.choices.iter().all(|choice| choice.is_known), "{}", source.name);
        count += 1;
    }
    assert!(count >= 4);
}
