//! The official Python package as a client of the OpenAI stand-in.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use ignacio_devstack::openai::{OpenAiOptions, OpenAiStandIn};

use crate::openai::skipped;

/// Where a Python with the package may be, best first.
fn candidates() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let wished = std::env::var_os("IGNACIO_TEST_PYTHON").map(PathBuf::from);
    let local = root.join("target/python-openai/bin/python");
    wished.into_iter().chain([local, PathBuf::from("python3")]).collect()
}

/// A Python that can import the package.
fn python() -> Option<PathBuf> {
    let has_package = |it: &PathBuf| {
        let output = Command::new(it).args(["-c", "import openai"]).output();
        output.is_ok_and(|it| it.status.success())
    };
    candidates().into_iter().find(has_package)
}

#[test]
fn the_official_package_finds_everything_as_it_expects() {
    let Some(python) = python() else {
        return skipped(&format!(
            "no Python with the package `openai` in {:?}; make one with `python3 -m venv \
             target/python-openai && target/python-openai/bin/pip install openai`",
            candidates()
        ));
    };
    let openai = OpenAiStandIn::start(OpenAiOptions::for_tests()).expect("a stand-in");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/openai_client.py");
    let output = Command::new(python)
        .arg(script)
        .args([openai.base_url(), openai.control_url()])
        .env_remove("OPENAI_BASE_URL")
        .output()
        .expect("Python runs");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.starts_with("OK with openai "), "{out}{err}");
    eprintln!("{}", out.trim_end());
}
