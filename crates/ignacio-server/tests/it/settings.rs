//! Missing or wrong settings end the program with 78 and are named, one per line.

use crate::process::{SECRET, Variables, run};

#[test]
fn every_missing_setting_is_named_on_its_own_line() {
    let ended = run(&["serve", "--with-worker"], &Variables::none());
    assert_eq!(ended.code, Some(78));
    let lines: Vec<&str> = ended.stderr.lines().collect();
    for name in [
        "DATABASE_URL",
        "IGNACIO_SECRET",
        "OPENAI_API_KEY",
        "S3_ACCESS_KEY_ID",
        "S3_ENDPOINT",
        "S3_SECRET_ACCESS_KEY",
        "WHATSAPP_ACCESS_TOKEN",
        "WHATSAPP_PHONE_NUMBER_ID",
    ] {
        let n_lines = lines.iter().filter(|line| line.starts_with(&format!("{name} "))).count();
        assert_eq!(n_lines, 1, "{name} in\n{}", ended.stderr);
    }
    assert_eq!(lines.len(), 8, "{}", ended.stderr);
}

#[test]
fn an_unknown_name_and_a_wrong_value_are_named() {
    let variables = Variables::none()
        .with("DATABASE_URL", "postgres://ada:hunter2@db.example:6543/ignacio")
        .with("IGNACIO_SECRET", SECRET)
        .with("IGNACIO_LISTN", "127.0.0.1:80");
    let ended = run(&["migrate", "up"], &variables);
    assert_eq!(ended.code, Some(78));
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert!(lines[0].starts_with("DATABASE_URL points to a pooler"), "{}", ended.stderr);
    assert!(lines[1].starts_with("IGNACIO_LISTN is not a setting"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}

#[test]
fn the_description_of_the_api_needs_no_settings() {
    let ended = run(&["openapi"], &Variables::none());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    assert_eq!(run(&["serv"], &Variables::none()).code, Some(2));
}
