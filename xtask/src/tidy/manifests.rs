//! Rules for every manifest and for the lock file.

use super::{Violation, workspace::Workspace};

/// Crates that must not be a dependency, even indirectly: there is one TLS provider, ring.
const BANNED: [(&str, &str); 5] = [
    ("aws-lc-sys", "ring is the one provider of cryptography"),
    ("aws-lc-rs", "ring is the one provider of cryptography"),
    ("openssl-sys", "rustls does TLS"),
    ("native-tls", "rustls does TLS"),
    ("actix-governor", "its licence is the GPL"),
];

pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &workspace.packages {
        let place = &package.manifest.path;
        if package.may_be_published {
            violations
                .push(Violation::new(place, "lacks `publish = false` (or publish.workspace)"));
        }
        if !inherits_lints(&package.manifest.text) {
            violations.push(Violation::new(place, "lacks `[lints]` with `workspace = true`"));
        }
    }
    let lock = workspace.text("Cargo.lock").unwrap_or_default();
    for (name, reason) in BANNED {
        if lock.lines().any(|line| line == format!("name = \"{name}\"")) {
            let what = format!(
                "{name} must not be a dependency: {reason} (`cargo tree -i {name}` shows where it comes from)"
            );
            violations.push(Violation::new("Cargo.lock", what));
        }
    }
    violations
}

fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]");
    lines.nth(1) == Some("workspace = true")
}

#[cfg(test)]
mod tests {
    //! Wrong manifests and banned dependencies are reported.

    use super::{
        super::workspace::samples::{of_dependency, of_files},
        *,
    };

    #[test]
    fn a_manifest_inherits_the_lints_and_is_not_published() {
        let mut workspace = of_dependency("ignacio-api", "serde", false);
        assert!(check(&workspace).is_empty());

        workspace.packages[0].may_be_published = true;
        assert_eq!(check(&workspace).len(), 1);

        workspace.packages[0].manifest.text = "[lints.clippy]\nworkspace = true\n".to_owned();
        assert_eq!(check(&workspace).len(), 2);
    }

    #[test]
    fn a_banned_crate_in_the_lock_file_is_reported() {
        let lock = "[[package]]\nname = \"openssl-sys\"\nversion = \"0.9.1\"\n";
        assert_eq!(check(&of_files(&[("Cargo.lock", lock)])).len(), 1);
        let lock = "[[package]]\nname = \"ring\"\nversion = \"0.17.0\"\n";
        assert!(check(&of_files(&[("Cargo.lock", lock)])).is_empty());
    }
}
