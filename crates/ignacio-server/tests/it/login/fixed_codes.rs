//! No code always works, and no setting could make one.

use ignacio_devstack::TestDatabase;

use crate::process::{Variables, run};

/// The source of the names of all settings.
const SETTINGS: &str = include_str!("../../../src/settings.rs");
/// Words that a setting to bypass the check would contain.
const SUSPICIOUS: [&str; 11] = [
    "TEST", "FAKE", "MOCK", "STUB", "FIXED", "STATIC", "MAGIC", "BYPASS", "SKIP", "BACKDOOR",
    "DISABLE",
];

#[test]
fn no_setting_is_named_like_a_way_around_the_code() {
    let names = SETTINGS.split("const NAMES").nth(1).unwrap().split("];").next().unwrap();
    let names: Vec<&str> = names.split('"').skip(1).step_by(2).collect();
    assert!(names.contains(&"IGNACIO_OTP_PEPPER"), "{names:?}");
    for name in names {
        assert!(SUSPICIOUS.iter().all(|it| !name.contains(it)), "{name}");
    }
}

#[tokio::test]
async fn a_fixed_code_in_the_environment_keeps_the_program_from_starting() {
    let database = TestDatabase::create().await;
    for name in ["IGNACIO_TEST_OTP", "IGNACIO_TEST_OTP_VALID_UNTIL", "IGNACIO_FIXED_CODE"] {
        let variables = Variables::for_serve(&database)
            .with("OPENAI_API_KEY", "sk-nobody")
            .with("WHATSAPP_ACCESS_TOKEN", "a token")
            .with("WHATSAPP_PHONE_NUMBER_ID", "1")
            .with(name, "+573001110002=123456");
        for arguments in [&["serve"][..], &["serve", "--with-worker"], &["work"]] {
            let ended = run(arguments, &variables);
            assert_eq!(ended.code, Some(78), "{arguments:?}: {}", ended.stderr);
            assert!(ended.stderr.contains(name), "{arguments:?}: {}", ended.stderr);
        }
    }
}
