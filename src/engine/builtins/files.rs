//! Files: reading, writing, adding to one.

use rhai::Dynamic;

use crate::engine::files;
use crate::engine::native::{Native, NativeEffect, Type};

/// What writing may fail with, as scripts see it.
const WRITE_ERRORS: &[&str] = &[
    "policy: the run was not granted `fs.write:PATH`, or the file is stackhand's own",
    "script: it cannot be written",
    "invalid: it is a folder, a pipe or a device",
];

/// The natives of files.
#[must_use]
pub fn natives() -> Vec<Native> {
    vec![
        Native::function("read_file")
            .takes("path", Type::Text)
            .gives(Type::Text)
            .doc(
                "The text of a file. It needs the grant `fs.read:PATH` for the file or a folder that it lies in, however \
                 links lead there. Paths count from the working folder.",
            )
            .errors(&[
                "policy: the run was not granted `fs.read:PATH`",
                "script: there is no such file, or it is no text",
                "invalid: it is a folder, a pipe or a device",
            ])
            .effect(NativeEffect::Local)
            .by(|a| {
                let path = a.text(0)?;
                Ok(files::read(a.run(), &path)?.into())
            }),
        Native::function("write_file")
            .takes("path", Type::Text)
            .takes("text", Type::Text)
            .doc(
                "Makes a file of the text, or replaces one: whole, or not at all. It needs the grant `fs.write:PATH` for \
                 the file or a folder that it lies in, which must be there. Secrets in the text become `***`.",
            )
            .errors(WRITE_ERRORS)
            .effect(NativeEffect::Local)
            .by(|a| {
                let (path, text) = (a.text(0)?, a.text(1)?);
                files::write(a.run(), &path, &text).map(|()| Dynamic::UNIT)
            }),
        Native::function("append_file")
            .takes("path", Type::Text)
            .takes("text", Type::Text)
            .doc("Adds the text to the end of a file, which is made if there is none. Otherwise as `write_file`.")
            .errors(WRITE_ERRORS)
            .effect(NativeEffect::Local)
            .by(|a| {
                let (path, text) = (a.text(0)?, a.text(1)?);
                files::append(a.run(), &path, &text).map(|()| Dynamic::UNIT)
            }),
    ]
}
