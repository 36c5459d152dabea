//! Whatever `Range` says, what is sent lies within the file.

use actix_web::test::TestRequest;
use ignacio_devstack::scale;

use super::*;
use crate::testing::{requests, spelled};

const PIECES: [&str; 16] = [
    "bytes=",
    "bytes = ",
    "-",
    "-",
    " ",
    "0",
    "1",
    "2",
    "9",
    "10",
    "99",
    ",",
    "+",
    "=",
    "18446744073709551615",
    "18446744073709551616",
];

#[test]
fn a_part_lies_within_the_file() {
    bolero::check!().with_iterations(scale(3_000, 1_000_000)).with_max_len(10).for_each(|bytes| {
        let after_unit = format!("bytes={}", spelled(bytes, &PIECES));
        for request in [bytes, after_unit.as_bytes()]
            .into_iter()
            .flat_map(|value| requests(value, &header::RANGE, &PIECES))
        {
            for size in [0, 1, 10, u64::MAX] {
                let outcome = RangeOutcome::of(&request, size);
                let RangeOutcome::Part(range) = outcome else { continue };
                assert!(range.first <= range.last && range.last < size, "{request:?} {range:?}");
                assert!((1..=size).contains(&range.length()), "{request:?} {range:?}");

                let plain = format!("bytes={}-{}", range.first, range.last);
                let plain = TestRequest::get().insert_header((header::RANGE, plain));
                let again = RangeOutcome::of(&plain.to_http_request(), size);
                assert_eq!(again, outcome, "{request:?}");
            }
        }
    });
}
