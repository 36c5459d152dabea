//! A supervised process gives its output and its status, and ends when it is dropped.

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use ignacio_devstack::supervised_process::{SupervisedProcess, Supervision};

fn sh(script: &str) -> SupervisedProcess {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).env("WORD", "hola");
    SupervisedProcess::start(&command, Supervision::default()).unwrap()
}

/// Waits until a file has a line in it.
fn line_in(path: &Path) -> String {
    for _ in 0..500 {
        let text = fs::read_to_string(path).unwrap_or_default();
        if text.ends_with('\n') {
            return text.trim().to_owned();
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{} stayed empty", path.display());
}

#[test]
fn a_command_gives_its_output_and_its_status() {
    let mut process = sh("echo $WORD; exit 7");
    assert_eq!(process.take_output()(), b"hola\n");
    assert_eq!(process.finish().unwrap().code(), Some(7));
}

#[test]
fn letting_go_ends_the_command_and_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready");
    let mut process = sh(&format!("sleep 60 & echo > {}; wait", ready.display()));
    let output = process.take_output();
    line_in(&ready);
    let began = Instant::now();
    drop(process);
    // The end of the output is the end of all who could still write to it.
    output();
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_command_may_end_in_its_own_way_or_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready");
    let loops = |trap: &str| {
        format!("trap '{trap}' TERM; echo > {}; while :; do sleep 0.05; done", ready.display())
    };
    let mut polite = sh(&loops("exit 3"));
    line_in(&ready);
    polite.stop();
    polite.take_output()();
    assert_eq!(polite.finish().unwrap().code(), Some(3));

    fs::remove_file(&ready).unwrap();
    let mut stubborn = sh(&loops("echo no"));
    line_in(&ready);
    stubborn.stop();
    stubborn.stop_now();
    stubborn.take_output()();
    assert!(!stubborn.finish().unwrap().success());
}
