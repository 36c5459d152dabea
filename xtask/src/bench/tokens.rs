//! The numbered and timestamped tokens of the stand-in, and which of them went missing.

use std::collections::BTreeSet;

use serde::Serialize;

/// One token of a ticking script, `@number:clock:age@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) number: u32,
    /// When the stand-in wrote it, in microseconds since 1970.
    pub(super) clock: u64,
    /// The age of the request in the stand-in at that moment, in microseconds.
    pub(super) age: u64,
}

/// The tokens in the data of an event: none, one or several.
pub(super) fn tokens(data: &str) -> impl Iterator<Item = Token> {
    data.split('@').filter_map(|part| {
        let mut fields = part.split(':');
        let token = Token {
            number: fields.next()?.parse().ok()?,
            clock: fields.next()?.parse().ok()?,
            age: fields.next()?.parse().ok()?,
        };
        fields.next().is_none().then_some(token)
    })
}

/// Lost, repeated and reordered tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Faults {
    pub(super) lost: u64,
    pub(super) repeated: u64,
    pub(super) reordered: u64,
}

impl Faults {
    pub(super) fn add(&mut self, more: Self) {
        self.lost += more.lost;
        self.repeated += more.repeated;
        self.reordered += more.reordered;
    }
}

/// Checks that each token arrives once and in order.
#[derive(Debug)]
pub(super) struct Order {
    next: u32,
    missing: BTreeSet<u32>,
    repeated: u64,
    reordered: u64,
}

impl Order {
    /// For a reader whose first token should have this number.
    pub(super) fn from(first: u32) -> Self {
        Self { next: first, missing: BTreeSet::new(), repeated: 0, reordered: 0 }
    }

    /// Records the number of an arrived token.
    pub(super) fn record(&mut self, number: u32) {
        if number >= self.next {
            self.missing.extend(self.next..number);
            self.next = number + 1;
        } else if self.missing.remove(&number) {
            self.reordered += 1;
        } else {
            self.repeated += 1;
        }
    }

    /// One more than the highest number so far.
    pub(super) fn end(&self) -> u32 {
        self.next
    }

    /// The faults, given the number of tokens that should have arrived.
    pub(super) fn faults(mut self, count: u32) -> Faults {
        self.missing.extend(self.next..count);
        let lost = u64::try_from(self.missing.len()).unwrap_or(u64::MAX);
        Faults { lost, repeated: self.repeated, reordered: self.reordered }
    }
}

#[cfg(test)]
mod tests {
    //! Each kind of fault is counted separately.

    use super::*;

    fn faults(first: u32, numbers: &[u32], count: u32) -> (u64, u64, u64) {
        let mut order = Order::from(first);
        for it in numbers {
            order.record(*it);
        }
        let Faults { lost, repeated, reordered } = order.faults(count);
        (lost, repeated, reordered)
    }

    #[test]
    fn tokens_are_found_in_any_framing() {
        let token = |number| Token { number, clock: 17, age: 5 };
        let found: Vec<Token> = tokens("{\"text\":\"@0:17:5@@1:17:5@\"}").collect();
        assert_eq!(found, [token(0), token(1)]);
        for none in ["", "{\"text\":\"ana@b:c:d@1:2@1:2:3:4@\"}"] {
            assert_eq!(tokens(none).count(), 0, "{none}");
        }
    }

    #[test]
    fn lost_repeated_and_reordered_tokens_are_counted_separately() {
        assert_eq!(faults(0, &[0, 1, 2, 3], 4), (0, 0, 0));
        assert_eq!(faults(2, &[2, 3], 4), (0, 0, 0));
        assert_eq!(faults(0, &[0, 2, 3], 4), (1, 0, 0));
        assert_eq!(faults(0, &[0, 1], 4), (2, 0, 0));
        assert_eq!(faults(0, &[0, 1, 1, 2, 3], 4), (0, 1, 0));
        assert_eq!(faults(0, &[0, 2, 1, 3], 4), (0, 0, 1));
        assert_eq!(faults(2, &[1, 2, 3], 4), (0, 1, 0));
    }
}
