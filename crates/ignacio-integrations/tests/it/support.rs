//! What the tests share.

pub(crate) mod logs;
pub(crate) mod wire;

/// Waits until a condition holds, without sleeping and for a limited time.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..1_000_000 {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it did not come to pass");
}
