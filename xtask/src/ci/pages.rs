//! What the pages show can be run: the README's session with curl, and every command line.

use std::{fs, path::Path, process::Command};

use anyhow::Context as _;

use crate::{
    deployment::DevFile,
    environment::{in_root, root},
};

/// The README's session with curl, against a running `dev`.
pub(super) fn curl_session(data: &Path) -> anyhow::Result<Command> {
    let dev = DevFile::read(data)?.context("`dev` has written no file")?;
    let page = fs::read_to_string(in_root(Path::new("README.md")))?;
    let (_, section) = page
        .split_once("## A first conversation with curl")
        .context("README.md has no session with curl")?;
    let (_, code) = section.split_once("```sh\n").context("the section has no code")?;
    let (code, _) = code.split_once("```").context("the code has no end")?;
    let script = code
        .replace("http://127.0.0.1:8080", &dev.api)
        .replace(".dev/dev.json", &DevFile::path(data).display().to_string())
        // Another number than that of `demo`: each gets one code a minute.
        .replace("111 0002", "111 0003")
        .replace("1110002", "1110003")
        // The session ends in order even if the reply failed, so look for the quote in it.
        + "\ncurl -s $api/v1/conversations/$conversation/messages -H \"$me\" | grep -q '\"quote\"'";
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &script]).current_dir(root());
    Ok(bash)
}

#[cfg(test)]
mod tests {
    //! The command lines of the pages are valid.

    use clap::Parser as _;

    use super::*;
    use crate::Cli;

    /// What follows each `cargo xtask` on a page, in a block or within a sentence.
    fn command_lines(text: &str) -> impl Iterator<Item = &str> {
        let after = text.split("cargo xtask ").skip(1);
        after.filter_map(|line| line.split(['`', '#', '\n']).next()).map(str::trim)
    }

    #[test]
    fn every_command_line_of_a_page_is_valid() {
        let mut n_lines = 0;
        for folder in ["", "docs", "docs/adr"] {
            for entry in fs::read_dir(root().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_none_or(|it| it != "md") {
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                for line in command_lines(&text).filter(|it| *it != "--help") {
                    let words = ["cargo xtask"].into_iter().chain(line.split_whitespace());
                    let parsed = Cli::try_parse_from(words);
                    assert!(
                        parsed.is_ok(),
                        "{}: `{line}`: {}",
                        path.display(),
                        parsed.unwrap_err()
                    );
                    n_lines += 1;
                }
            }
        }
        assert!(n_lines > 30, "only {n_lines}");
    }
}
