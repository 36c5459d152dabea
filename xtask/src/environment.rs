//! Environment variables of the tools, and paths in the repository.

use std::path::{Path, PathBuf};

/// How the names of the service's settings begin.
pub(crate) const SETTING_PREFIXES: [&str; 6] =
    ["APP_ENV", "DATABASE_URL", "IGNACIO_", "S3_", "OPENAI_", "WHATSAPP_"];

/// The value of a variable. An empty value counts as not set.
#[expect(clippy::disallowed_methods, reason = "tools read the environment when they need it")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Whether any variable with this prefix is set.
pub(crate) fn has_any(prefix: &str) -> bool {
    std::env::vars_os()
        .any(|(name, value)| name.to_string_lossy().starts_with(prefix) && !value.is_empty())
}

/// A secret, from the variable itself or from the file that `…_FILE` names.
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

/// Refuses to create development data in a deployment.
pub(crate) fn refuse_production(command: &str) -> anyhow::Result<()> {
    if variable("APP_ENV").as_deref() == Some("production") {
        anyhow::bail!(
            "`{command}` creates users for development and does not run with APP_ENV=production"
        );
    }
    Ok(())
}

/// The root folder of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Resolves a path from the command line. Relative paths start at the workspace root.
pub(crate) fn in_root(path: &Path) -> PathBuf {
    root().join(path)
}

/// A path for display, relative to the workspace root if it lies below it.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
