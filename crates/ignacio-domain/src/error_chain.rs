//! One line for an error and everything that caused it.

use std::error::Error;

/// An error and its causes, outermost first, separated by colons: for logs.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    //! Every cause is named once, the outermost first.

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Middle);

    #[derive(Debug, thiserror::Error)]
    #[error("middle")]
    struct Middle(#[source] std::num::ParseIntError);

    #[test]
    fn causes_follow_the_error() {
        let root = "x".parse::<u8>().unwrap_err();
        assert_eq!(error_chain(&root), "invalid digit found in string");
        assert_eq!(
            error_chain(&Outer(Middle(root))),
            "outer: middle: invalid digit found in string"
        );
    }
}
