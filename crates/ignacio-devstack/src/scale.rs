//! How many cases a test tries: few in the ordinary run, all of them in the slow one.

/// The full number where the environment variable `IGNACIO_TEST_SLOW` is `1`, as it is in
/// `cargo xtask test --slow`, else the ordinary one.
///
/// ```
/// # use ignacio_devstack::scale;
/// let n_guesses = scale(400, 10_000);
/// assert!(n_guesses == 400 || n_guesses == 10_000);
/// ```
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the tests, which the service never sees"
)]
pub fn scale<T>(ordinary: T, full: T) -> T {
    let is_slow = std::env::var("IGNACIO_TEST_SLOW").is_ok_and(|it| it == "1");
    if is_slow { full } else { ordinary }
}
