//! Which Postgres is new enough.

/// For each major version, the first release that is taken. Before it, the planner's statistics
/// told a role about rows that row level security hides from it (CVE-2025-8713).
const FIRST_TAKEN: [i32; 3] = [150_014, 160_010, 170_006];

/// The first major version that is taken in every release.
const NEW_ENOUGH: i32 = 180_000;

/// What is wrong with a server, by its `server_version_num`; `shown` is how it names itself.
pub(crate) fn objection(number: i32, shown: &str) -> Option<String> {
    let is_taken = number >= NEW_ENOUGH
        || FIRST_TAKEN.iter().any(|first| number / 10_000 == first / 10_000 && number >= *first);
    (!is_taken).then(|| {
        format!(
            "this server is Postgres {shown}, but 15.14, 16.10, 17.6, 18 or a later release of \
             these is needed: older ones lack features or let statistics past row level security \
             (CVE-2025-8713)"
        )
    })
}

#[cfg(test)]
mod tests {
    //! The floor is the first release of each major version that keeps statistics apart.

    use super::objection;

    #[test]
    fn releases_that_leak_statistics_are_refused() {
        for number in [0, 90_624, 140_019, 150_000, 150_013, 160_000, 160_009, 170_000, 170_005] {
            let said = objection(number, "0.0").expect("an objection");
            assert!(said.contains("0.0") && said.contains("CVE-2025-8713"), "{number}: {said}");
        }
    }

    #[test]
    fn repaired_releases_and_all_later_versions_are_taken() {
        for number in [150_014, 150_018, 160_010, 160_012, 170_006, 170_007, 180_000, 190_001] {
            assert_eq!(objection(number, "0.0"), None, "{number}");
        }
    }
}
