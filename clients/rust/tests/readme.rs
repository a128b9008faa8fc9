//! The program of the README.

mod support;

use std::path::PathBuf;
use std::process::Command;

use support::{Fake, SWEEP_ID};

const README: &str = include_str!("../README.md");
const PROGRAM: &str = include_str!("../examples/quickstart.rs");

#[test]
fn the_readme_has_the_program() {
    assert!(README.contains(&format!("```rust\n{PROGRAM}```\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_runs() {
    let (_fake, address) = Fake::start(5, Some(3)).await;
    let output = Command::new(example("quickstart"))
        .env("WANLLMDB_REGISTRY", &address)
        .env("WANLLMDB_SUGGESTION", &address)
        .output()
        .expect("the example was built");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(text.starts_with("best: run "), "{text}");
    assert!(
        text.contains(&format!(" of sweep {SWEEP_ID} with a loss of 0.")),
        "{text}"
    );
}

/// Returns the path of an example, which cargo builds before it runs tests.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("the folder of the profile");
    profile.join("examples").join(name)
}
