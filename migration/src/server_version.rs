//! Which Postgres is new enough.

/// For each major version, the first release that is supported. Before it, the planner's statistics
/// disclosed rows that row level security hides (CVE-2025-8713).
const FIRST_SUPPORTED: [i32; 3] = [150_014, 160_010, 170_006];

/// The first major version of which every release is supported.
const ALWAYS_SUPPORTED: i32 = 180_000;

/// Why a server is rejected, if it is, by its `server_version_num`; `shown` is its `server_version`.
pub(crate) fn reason_to_reject(number: i32, shown: &str) -> Option<String> {
    let is_supported = number >= ALWAYS_SUPPORTED
        || FIRST_SUPPORTED
            .iter()
            .any(|first| number / 10_000 == first / 10_000 && number >= *first);
    (!is_supported).then(|| {
        format!(
            "this server is Postgres {shown}, but 15.14, 16.10, 17.6, 18 or a later release of \
             these is needed: older ones lack features or let statistics past row level security \
             (CVE-2025-8713)"
        )
    })
}

#[cfg(test)]
mod tests {
    //! A release is supported once its statistics respect row level security.

    use super::reason_to_reject;

    #[test]
    fn releases_that_leak_statistics_are_rejected() {
        for number in [0, 90_624, 140_019, 150_000, 150_013, 160_000, 160_009, 170_000, 170_005] {
            let reason = reason_to_reject(number, "0.0").expect("a reason");
            assert!(
                reason.contains("0.0") && reason.contains("CVE-2025-8713"),
                "{number}: {reason}"
            );
        }
    }

    #[test]
    fn fixed_releases_and_all_later_versions_are_supported() {
        for number in [150_014, 150_018, 160_010, 160_012, 170_006, 170_007, 180_000, 190_001] {
            assert_eq!(reason_to_reject(number, "0.0"), None, "{number}");
        }
    }
}
