//! Writes the stubs of the public protos into `src/gen`: `cargo run --manifest-path xtask/Cargo.toml`.
//!
//! It needs no protoc: protox compiles the protos, and prost-build writes the messages. The stubs of
//! the services are the client's own, because each call has deadlines, repetitions and a request id.

mod comments;
mod stubs;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use prost_build::Config;

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let protos = here.join("../../../protos");
    let out = here.join("../src/gen");
    let mut files = Vec::new();
    collect(&protos.join("wanllmdb/api"), &mut files)?;
    files.sort();
    let mut descriptors = protox::compile(&files, [&protos])?;
    comments::fence(&mut descriptors);
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    Config::new()
        .out_dir(&out)
        // Ordered maps: a request that is sent again has the same bytes.
        .btree_map(["."])
        .service_generator(Box::new(stubs::Stubs::new(&descriptors)))
        .compile_fds(descriptors)?;
    Ok(())
}

/// Collects the protos below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    Ok(())
}
