//! The repository as the rules see it: its packages and files.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, MetadataCommand};

/// Folders without sources of ours.
const SKIPPED: [&str; 3] = ["target", ".git", ".dev"];

/// The extensions of text files.
const TEXTS: [&str; 5] = ["rs", "md", "toml", "sql", "lock"];

/// The packages and files of the repository.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) packages: Vec<Package>,
    /// The files with text in them.
    pub(super) files: Vec<File>,
    /// Every path, files and folders, from the root.
    pub(super) paths: BTreeSet<String>,
}

/// One crate of the workspace.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// Its manifest's path and text.
    pub(super) manifest: File,
    pub(super) may_be_published: bool,
    pub(super) dependencies: Vec<Dependency>,
}

/// A dependency of a crate.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// Whether it is a dev-dependency.
    pub(super) is_dev: bool,
}

/// A text file.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Relative to the root, with slashes.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    pub(super) fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }

    pub(super) fn is_markdown(&self) -> bool {
        self.extension() == "md"
    }

    /// Whether the whole file is test code.
    pub(super) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// The numbered lines without the tests at the end of the file.
    pub(super) fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = if self.is_test() { "" } else { self.text.as_str() };
        (1..).zip(lines.lines().take_while(|line| *line != "#[cfg(test)]"))
    }

    fn extension(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }
}

impl Workspace {
    /// Reads the repository under `root`.
    pub(super) fn load(root: &Path) -> anyhow::Result<Self> {
        let mut workspace = Self { packages: packages(root)?, ..Self::default() };
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for path in entries(&folder)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let shown = shown(root, &path);
                if path.is_dir() {
                    if !SKIPPED.contains(&name.as_str()) {
                        workspace.paths.insert(shown);
                        folders.push(path);
                    }
                    continue;
                }
                workspace.paths.insert(shown.clone());
                if path.extension().is_some_and(|it| TEXTS.iter().any(|text| it == *text)) {
                    let text = fs::read_to_string(&path)
                        .with_context(|| format!("{shown} is not UTF-8 text"))?;
                    workspace.files.push(File { path: shown, text });
                }
            }
        }
        workspace.files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(workspace)
    }

    /// The text of a file, if there is such a file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    Ok(paths?)
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn packages(root: &Path) -> anyhow::Result<Vec<Package>> {
    let metadata = MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .exec()
        .context("cargo cannot describe the workspace")?;
    let package = |package: &cargo_metadata::Package| -> anyhow::Result<Package> {
        let path = package.manifest_path.as_std_path();
        let dependencies = package.dependencies.iter().map(|it| Dependency {
            name: it.name.clone(),
            is_dev: it.kind == DependencyKind::Development,
        });
        Ok(Package {
            name: package.name.to_string(),
            manifest: File { path: shown(root, path), text: fs::read_to_string(path)? },
            may_be_published: package.publish.as_ref().is_none_or(|places| !places.is_empty()),
            dependencies: dependencies.collect(),
        })
    };
    metadata.packages.iter().map(package).collect()
}

#[cfg(test)]
pub(super) mod samples {
    //! Small workspaces for tests.

    use super::*;

    /// A workspace of a few files.
    pub(in crate::tidy) fn of_files(files: &[(&str, &str)]) -> Workspace {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        Workspace {
            files: files.iter().map(file).collect(),
            paths: files.iter().map(|(path, _)| (*path).to_owned()).collect(),
            packages: Vec::new(),
        }
    }

    /// A workspace of one crate with one dependency.
    pub(in crate::tidy) fn of_dependency(name: &str, needs: &str, is_dev: bool) -> Workspace {
        let mut workspace = Workspace::default();
        workspace.packages.push(package(name, needs, is_dev));
        workspace
    }

    fn package(name: &str, needs: &str, is_dev: bool) -> Package {
        Package {
            name: name.to_owned(),
            manifest: File {
                path: format!("crates/{name}/Cargo.toml"),
                text: "[lints]\nworkspace = true\n".to_owned(),
            },
            may_be_published: false,
            dependencies: vec![Dependency { name: needs.to_owned(), is_dev }],
        }
    }
}
