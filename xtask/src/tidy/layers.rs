//! Which crate may depend on which.

use super::{
    Violation,
    workspace::{Package, Workspace},
};

/// The crates of the workspace, each with the workspace crates that it may depend on.
const INSIDE: [(&str, &[&str]); 9] = [
    ("ignacio-domain", &[]),
    ("ignacio-persistence", &["ignacio-domain"]),
    ("ignacio-integrations", &["ignacio-domain"]),
    ("ignacio-api", &["ignacio-domain", "ignacio-persistence"]),
    ("ignacio-worker", &["ignacio-domain", "ignacio-persistence"]),
    (
        "ignacio-server",
        &[
            "ignacio-api",
            "ignacio-domain",
            "ignacio-integrations",
            "ignacio-persistence",
            "ignacio-worker",
            "migration",
        ],
    ),
    ("migration", &[]),
    ("ignacio-devstack", &["migration"]),
    ("xtask", &["ignacio-devstack", "ignacio-domain", "ignacio-persistence", "migration"]),
];

/// The workspace crates that tests of any crate may depend on.
const FOR_TESTS: [&str; 3] = ["ignacio-devstack", "ignacio-domain", "migration"];

/// External crates that only some of our crates may use, by prefix, with those crates.
const OUTSIDE: [(&[&str], &[&str]); 3] = [
    (
        &["sea-orm", "sqlx", "tokio-postgres"],
        &["ignacio-persistence", "migration", "ignacio-devstack"],
    ),
    (&["actix-"], &["ignacio-api", "ignacio-server", "ignacio-devstack"]),
    (&["async-openai", "aws-", "reqwest"], &["ignacio-integrations", "ignacio-devstack", "xtask"]),
];

/// External clients that tests may use.
const CLIENTS_FOR_TESTS: [&str; 3] = ["reqwest", "aws-", "sqlx"];

/// All external crates that the domain may use: values, no I/O, no runtime, no framework.
const DOMAIN_OUTSIDE: [&str; 15] = [
    "async-trait",
    "base64",
    "bytes",
    "crc32fast",
    "futures-core",
    "hex",
    "hkdf",
    "hmac",
    "rand_core",
    "secrecy",
    "serde",
    "sha2",
    "thiserror",
    "time",
    "uuid",
];

pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    workspace.packages.iter().flat_map(check_package).collect()
}

fn check_package(package: &Package) -> Vec<Violation> {
    let Some((_, inside)) = INSIDE.iter().find(|(name, _)| *name == package.name) else {
        let what = "is not in the table of layers in xtask/src/tidy/layers.rs: add it with what it may depend on";
        return vec![Violation::new(&package.name, what)];
    };
    let mut violations = Vec::new();
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        let objection = if INSIDE.iter().any(|(known, _)| *known == name) {
            let may = inside.contains(&name) || (dependency.is_dev && FOR_TESTS.contains(&name));
            (!may).then_some("which its layer may not use")
        } else {
            outside_objection(&package.name, name, dependency.is_dev)
        };
        if let Some(objection) = objection {
            let what = format!("depends on {name}, {objection} (docs/architecture.md)");
            violations.push(Violation::new(&package.name, what));
        }
    }
    violations
}

fn outside_objection(package: &str, name: &str, is_dev: bool) -> Option<&'static str> {
    if is_dev && CLIENTS_FOR_TESTS.iter().any(|client| name.starts_with(client)) {
        return None;
    }
    if package == "ignacio-domain" && !is_dev && !DOMAIN_OUTSIDE.contains(&name) {
        return Some("which is not on the list for the domain");
    }
    let reserved = OUTSIDE.iter().find(|(starts, _)| starts.iter().any(|it| name.starts_with(it)));
    reserved
        .filter(|(_, users)| !users.contains(&package))
        .map(|_| "which only other layers may use")
}

#[cfg(test)]
mod tests {
    //! Forbidden dependencies are reported, and allowed ones are not.

    use super::{super::workspace::samples::of_dependency, *};

    fn objects_to(package: &str, dependency: &str, is_dev: bool) -> bool {
        !check(&of_dependency(package, dependency, is_dev)).is_empty()
    }

    #[test]
    fn the_domain_depends_on_no_crate_and_no_framework() {
        for dependency in ["ignacio-persistence", "sea-orm", "actix-web", "async-openai", "tokio"] {
            assert!(objects_to("ignacio-domain", dependency, false), "{dependency}");
        }
        assert!(!objects_to("ignacio-domain", "uuid", false));
        assert!(!objects_to("ignacio-domain", "proptest", true));
    }

    #[test]
    fn sql_http_and_providers_stay_in_their_layers() {
        for (package, dependency) in [
            ("ignacio-api", "sea-orm"),
            ("ignacio-api", "sqlx"),
            ("ignacio-worker", "sea-orm-migration"),
            ("ignacio-worker", "actix-web"),
            ("ignacio-persistence", "actix-web"),
            ("ignacio-api", "reqwest"),
            ("ignacio-worker", "async-openai"),
            ("ignacio-server", "aws-sdk-s3"),
        ] {
            assert!(objects_to(package, dependency, false), "{package} {dependency}");
        }
    }

    #[test]
    fn siblings_are_independent_and_nothing_depends_on_the_server() {
        for (package, dependency) in [
            ("ignacio-persistence", "ignacio-integrations"),
            ("ignacio-integrations", "ignacio-persistence"),
            ("ignacio-api", "ignacio-worker"),
            ("ignacio-worker", "ignacio-api"),
            ("ignacio-api", "ignacio-integrations"),
            ("ignacio-api", "ignacio-server"),
            ("ignacio-devstack", "xtask"),
            ("migration", "ignacio-domain"),
            ("ignacio-devstack", "ignacio-domain"),
        ] {
            assert!(objects_to(package, dependency, false), "{package} {dependency}");
        }
    }

    #[test]
    fn the_stand_ins_are_for_tests() {
        assert!(objects_to("ignacio-api", "ignacio-devstack", false));
        assert!(!objects_to("ignacio-api", "ignacio-devstack", true));
        assert!(!objects_to("xtask", "ignacio-devstack", false));
    }

    #[test]
    fn a_new_crate_needs_an_entry() {
        assert!(objects_to("ignacio-extra", "serde", false));
    }
}
