//! A result that reads well for people and is data for machines.

use std::any::TypeId;

use rhai::{Dynamic, ImmutableString};

use crate::engine::native::{Native, Type};

/// A text for people with the data behind it.
#[derive(Debug, Clone)]
pub struct Report {
    /// What people read.
    pub text: ImmutableString,
    /// What machines get.
    pub data: Dynamic,
}

/// Reports, as natives declare them.
pub const REPORT: Type = Type::Custom("Report", TypeId::of::<Report>);

/// The natives of reports.
#[must_use]
pub fn natives() -> Vec<Native> {
    let mut all = vec![
        Native::function("report")
            .takes("text", Type::Text)
            .takes("data", Type::Any)
            .gives(REPORT)
            .doc(
                "A result that is the text for people, and the data with a machine format: as the last expression of a \
                 recipe it sums up what was done.",
            )
            .example("to_json(report(\"3 done\", #{ done: 3 })) == `{\"done\":3}`")
            .by(|a| {
                let (text, data) = (a.text(0)?, a.any(1)?);
                Ok(Dynamic::from(Report { text, data }))
            }),
    ];
    for name in ["to_string", "to_debug"] {
        all.push(
            Native::method(REPORT, name)
                .gives(Type::Text)
                .doc("The text for people.")
                .example("report(\"3 done\", #{ done: 3 }).to_string() == \"3 done\"")
                .by(|a| Ok(a.get::<Report>(0)?.text.into())),
        );
    }
    all
}
