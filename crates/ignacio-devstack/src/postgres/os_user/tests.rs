//! Folders that a user cannot enter are recognised.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

use super::*;

#[test]
fn a_closed_folder_on_the_way_is_out_of_reach() {
    let stranger = OsUser { uid: 4_000_000, gid: 4_000_000 };
    let folder = tempfile::tempdir().unwrap();
    let wanted = folder.path().join("not/there/yet");

    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    assert!(!stranger.reaches(&wanted));
    fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
    assert!(stranger.reaches(&wanted));
}
