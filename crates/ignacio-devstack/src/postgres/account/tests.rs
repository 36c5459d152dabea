//! The account is found by name, and folders it cannot enter are recognised.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

use super::*;

const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
    nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n\
    broken:x:-2:-2::/:/bin/false\n";

#[test]
fn an_account_is_found_by_name_or_number() {
    let nobody = Account { uid: 65534, gid: 65533 };
    assert_eq!(by_name(PASSWD, "nobody"), Some(nobody.clone()));
    assert_eq!(by_uid(PASSWD, 65534), Some(nobody));
    assert_eq!(by_name(PASSWD, "postgres"), None);
}

#[test]
fn root_and_negative_numbers_are_no_accounts() {
    assert_eq!(by_uid(PASSWD, 0), None);
    assert_eq!(by_name(PASSWD, "broken"), None);
}

#[test]
fn a_closed_folder_on_the_way_is_out_of_reach() {
    let stranger = Account { uid: 4_000_000, gid: 4_000_000 };
    let folder = tempfile::tempdir().unwrap();
    let wanted = folder.path().join("not/there/yet");

    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    assert!(!stranger.reaches(&wanted));
    fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
    assert!(stranger.reaches(&wanted));
}
