//! What the tools take from the environment, and where the repository lies.

use std::path::{Path, PathBuf};

/// A variable that says something; an empty one counts as not set.
#[expect(clippy::disallowed_methods, reason = "tools read the environment when they need it")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Whether any variable whose name starts like this says something.
pub(crate) fn has_any(prefix: &str) -> bool {
    std::env::vars_os()
        .any(|(name, value)| name.to_string_lossy().starts_with(prefix) && !value.is_empty())
}

/// A secret, given as it is or as the name of a file that holds it (`…_FILE`).
pub(crate) fn secret(name: &str) -> anyhow::Result<Option<String>> {
    if let Some(text) = variable(name) {
        return Ok(Some(text));
    }
    let Some(path) = variable(&format!("{name}_FILE")) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) => anyhow::bail!("{name}_FILE names {path}, which cannot be read: {error}"),
    }
}

/// Development data have no place in a deployment.
pub(crate) fn refuse_production(command: &str) -> anyhow::Result<()> {
    if variable("APP_ENV").as_deref() == Some("production") {
        anyhow::bail!("`{command}` makes people to develop with: never with APP_ENV=production");
    }
    Ok(())
}

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// A path that was typed; relative ones start at the workspace, wherever the command was given.
pub(crate) fn in_root(path: &Path) -> PathBuf {
    root().join(path)
}

/// How a path is shown: from the workspace on, if it lies there.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
