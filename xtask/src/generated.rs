//! Generated files that are committed.

use std::{fs, path::Path};

use anyhow::{Context as _, bail};

use crate::environment::in_root;

/// Writes a generated file, or checks that it is up to date.
pub(crate) fn write_or_check(
    path: &str,
    fresh: &str,
    check: bool,
    command: &str,
) -> anyhow::Result<()> {
    let file = in_root(Path::new(path));
    let kept = fs::read_to_string(&file).unwrap_or_default();
    if kept == fresh {
        println!("{path} is up to date");
        return Ok(());
    }
    if check {
        let place = difference(&kept, fresh);
        bail!(
            "{path} is out of date ({place}): run `cargo xtask {command}` and review the difference"
        );
    }
    fs::write(&file, fresh).with_context(|| format!("{path} cannot be written"))?;
    println!("{path} written");
    Ok(())
}

/// Describes the first difference of two texts.
fn difference(kept: &str, fresh: &str) -> String {
    if kept.is_empty() {
        return "it is missing".to_owned();
    }
    let same = kept.lines().zip(fresh.lines()).take_while(|(kept, fresh)| kept == fresh).count();
    let line = fresh.lines().nth(same).or_else(|| kept.lines().nth(same)).unwrap_or_default();
    format!("from line {} on: {}", same + 1, line.trim())
}

#[cfg(test)]
mod tests {
    //! The position of the first difference is reported.

    use super::difference;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(difference("a\nb\nc", "a\nx\nc"), "from line 2 on: x");
        assert_eq!(difference("a", "a\n b"), "from line 2 on: b");
        assert_eq!(difference("", "a"), "it is missing");
    }
}
