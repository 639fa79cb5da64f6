//! Packs `catalog/*.json` into two small blobs a service: its operations, and the shapes that they refer to.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[path = "build/extra.rs"]
mod extra;
#[path = "build/intern.rs"]
mod intern;
#[path = "build/merge.rs"]
mod merge;
#[path = "src/catalog/operation.rs"]
#[allow(dead_code, reason = "the library uses the rest")]
mod operation;
#[path = "src/catalog/shape.rs"]
#[allow(dead_code, reason = "the library uses the rest")]
mod shape;
#[path = "build/source.rs"]
#[allow(dead_code, reason = "the importer uses the rest")]
mod source;

fn main() -> Result<(), Box<dyn Error>> {
    for watched in ["build.rs", "build", "catalog", "src/catalog/operation.rs", "src/catalog/shape.rs"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("catalog");
    let target = PathBuf::from(std::env::var("OUT_DIR")?);
    let extra: extra::Extra = read(&folder.join("extra.json"))?;
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json") && !file.ends_with("extra.json"));
    files.sort();
    let documents = files.iter().map(|file| read(file)).collect::<Result<Vec<source::Document>, _>>()?;
    let tables = merge::merge(documents, &extra)
        .map_err(|problems| format!("catalog/extra.json does not fit the catalogue:\n{}", problems.join("\n")))?;
    let mut index = format!("/// Sorted by module.\nstatic TABLE: [Packed; {}] = [\n", tables.len());
    for table in tables {
        let stem = table.service.module.replace('/', ".");
        std::fs::write(target.join(format!("{stem}.operations")), postcard::to_stdvec(&table.service)?)?;
        std::fs::write(target.join(format!("{stem}.shapes")), postcard::to_stdvec(&table.shapes)?)?;
        writeln!(
            index,
            "Packed::new({:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{stem}.operations\")), \
             include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{stem}.shapes\"))),",
            table.service.module
        )?;
    }
    index += "];\n";
    std::fs::write(target.join("catalog.rs"), index)?;
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, Box<dyn Error>> {
    let text = std::fs::read_to_string(file)?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()).into())
}
