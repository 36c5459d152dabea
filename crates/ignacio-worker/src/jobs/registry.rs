//! What runs in this process, by key, while its guard is held.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Values by key. A value is removed when its [`Registration`] is dropped.
pub(crate) struct Registry<K, V> {
    entries: Mutex<HashMap<K, (u64, V)>>,
    next: AtomicU64,
}

impl<K, V> Default for Registry<K, V> {
    fn default() -> Self {
        Self { entries: Mutex::default(), next: AtomicU64::default() }
    }
}

/// Keeps a value in its registry.
pub(crate) struct Registration<'r, K: Copy + Eq + Hash, V> {
    registry: &'r Registry<K, V>,
    key: K,
    number: u64,
}

impl<K: Copy + Eq + Hash, V: Clone> Registry<K, V> {
    /// Adds a value, replacing an earlier one with the same key.
    pub(crate) fn register(&self, key: K, value: V) -> Registration<'_, K, V> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.with_entries(|entries| entries.insert(key, (number, value)));
        Registration { registry: self, key, number }
    }

    pub(crate) fn get(&self, key: K) -> Option<V> {
        self.with_entries(|entries| entries.get(&key).map(|(_, value)| value.clone()))
    }
}

impl<K: Copy + Eq + Hash, V> Registry<K, V> {
    pub(crate) fn is_empty(&self) -> bool {
        self.with_entries(|entries| entries.is_empty())
    }

    fn with_entries<T>(&self, work: impl FnOnce(&mut HashMap<K, (u64, V)>) -> T) -> T {
        work(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<K: Copy + Eq + Hash, V> Drop for Registration<'_, K, V> {
    fn drop(&mut self) {
        self.registry.with_entries(|entries| {
            // A later value may have replaced it.
            if entries.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
                entries.remove(&self.key);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    //! A registration removes its own value and no other.

    use super::*;

    #[test]
    fn a_value_is_there_as_long_as_its_guard() {
        let registry = Registry::default();
        let (one, two) = (registry.register(1, 'a'), registry.register(2, 'b'));
        assert_eq!(
            (registry.get(1), registry.get(2), registry.get(3)),
            (Some('a'), Some('b'), None)
        );
        drop((one, two));
        assert!(registry.is_empty());
    }

    #[test]
    fn a_later_value_keeps_its_place() {
        let registry = Registry::default();
        let first = registry.register(1, 'a');
        let _second = registry.register(1, 'b');
        drop(first);
        assert_eq!(registry.get(1), Some('b'));
    }
}
