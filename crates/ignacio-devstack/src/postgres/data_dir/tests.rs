//! A folder belongs to one holder, and foreign folders are left alone.

use super::*;

fn open_to_all() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn a_second_holder_is_refused_until_the_first_lets_go() {
    let folder = open_to_all();
    let data = folder.path().join("data");

    let first = DataDir::open(Some(&data)).unwrap();
    let refused = DataDir::open(Some(&data)).unwrap_err();
    assert!(matches!(refused, DevstackError::InUse { .. }), "{refused}");

    drop(first);
    assert!(DataDir::open(Some(&data)).is_ok());
}

#[test]
fn a_folder_with_other_files_is_refused_and_left_as_it_is() {
    let folder = open_to_all();
    fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();

    let refused = DataDir::open(Some(folder.path())).unwrap_err();

    assert!(matches!(refused, DevstackError::NotOurs { .. }), "{refused}");
    let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[test]
fn the_password_is_for_the_server_only() {
    let folder = open_to_all();
    let dir = DataDir::open(Some(&folder.path().join("data"))).unwrap();

    dir.write_password("correct horse").unwrap();

    let mode = fs::metadata(dir.password_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(dir.read_password().unwrap(), "correct horse");
}

#[test]
fn a_long_path_does_without_a_socket() {
    let folder = open_to_all();
    let short = DataDir::open(Some(&folder.path().join("data"))).unwrap();
    let long = DataDir::open(Some(&folder.path().join("d".repeat(100)))).unwrap();

    assert!(short.socket_folder().is_some());
    assert_eq!(long.socket_folder(), None);
}
