//! Versions are read and ordered as numbers.

use super::*;

#[test]
fn the_major_version_is_read_from_every_known_answer() {
    assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
    assert_eq!(parse_major("postgres (PostgreSQL) 19beta1"), Some(19));
    assert_eq!(parse_major("something else 15"), None);
}

#[test]
fn the_newest_version_comes_first() {
    let parent = tempfile::tempdir().unwrap();
    for name in ["postgresql@9", "postgresql@17", "postgresql@16", "postgresql", "mysql@8"] {
        fs::create_dir(parent.path().join(name)).unwrap();
    }
    let names: Vec<_> = newest_first(parent.path(), "postgresql@")
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["postgresql@17", "postgresql@16", "postgresql@9"]);
}

#[test]
fn an_incomplete_folder_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("initdb"), "").unwrap();
    assert_eq!(Binaries::in_folder(folder.path()), None);
}
