//! Test helpers: the number of iterations, and almost valid texts.

/// The number of iterations of a test: `full` if `IGNACIO_TEST_SLOW` is `1`, as in `cargo xtask
/// test --slow`, else `ordinary`.
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests, which the service never sees"
)]
pub(crate) fn scale<T>(ordinary: T, full: T) -> T {
    if std::env::var("IGNACIO_TEST_SLOW").is_ok_and(|it| it == "1") { full } else { ordinary }
}

/// The two texts of a fuzzer's bytes: as UTF-8, and spelled in an alphabet,
/// which gets past the first character far more often.
pub(crate) fn texts(bytes: &[u8], alphabet: &str) -> [String; 2] {
    let letters: Vec<char> = alphabet.chars().collect();
    let spelled = bytes.iter().map(|byte| letters[usize::from(*byte) % letters.len()]).collect();
    [String::from_utf8_lossy(bytes).into_owned(), spelled]
}
