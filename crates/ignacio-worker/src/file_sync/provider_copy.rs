//! Finds a file's copy at the provider.

use ignacio_domain::file::MediaType;
use ignacio_domain::ids::FileId;
use ignacio_persistence::FileJob;
use time::{Duration, OffsetDateTime};

/// How far the provider's clock may differ from ours.
const CLOCK_MARGIN: Duration = Duration::hours(1);

/// A file's name at the provider: enough to find it, and the extension by which the provider
/// chooses how to read it. Users see the file's own name, which stays with us.
pub(crate) fn provider_file_name(environment: &str, file: FileId, media_type: &str) -> String {
    let extension = MediaType::find(media_type).and_then(|it| it.extensions.first().copied());
    format!("ign-{environment}-{file}.{}", extension.unwrap_or("bin"))
}

/// The earliest time at which a copy may have been created.
pub(crate) fn created_after(job: &FileJob) -> OffsetDateTime {
    job.created_at - CLOCK_MARGIN
}

#[cfg(test)]
mod tests {
    //! Names at the provider.

    use super::*;

    #[test]
    fn a_name_at_the_provider_follows_from_the_file_and_its_type() {
        let file: FileId = "0190b6a8-2222-7000-8000-000000000001".parse().unwrap();
        assert_eq!(
            provider_file_name("prod", file, "application/pdf"),
            "ign-prod-0190b6a8-2222-7000-8000-000000000001.pdf"
        );
        assert!(provider_file_name("prod", file, "text/plain").contains(".txt"));
        assert!(provider_file_name("prod", file, "x/y").contains(".bin"));
    }
}
