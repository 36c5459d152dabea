//! Keeps the armed faults, and picks those that hit a request.

use std::sync::Mutex;

use tokio::sync::watch;

use crate::{
    loopback,
    openai::faults::{Effect, Fault, FaultId, RequestView},
};

/// The faults that were armed and not lifted. A fault that is used up hits no further request, and
/// its stalls last until it is lifted.
#[derive(Debug, Default)]
pub(crate) struct FaultInjector {
    faults: Mutex<(u64, Vec<(FaultId, Fault)>)>,
    changed: watch::Sender<()>,
}

/// The faults that hit one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestFaults(Vec<(FaultId, Effect)>);

impl FaultInjector {
    pub(crate) fn arm(&self, fault: Fault) -> FaultId {
        let (count, faults) = &mut *loopback::lock(&self.faults);
        *count += 1;
        faults.push((FaultId(*count), fault));
        FaultId(*count)
    }

    /// Disarms the faults that fit, and ends their stalls.
    pub(crate) fn lift(&self, fits: impl Fn(FaultId) -> bool) {
        loopback::lock(&self.faults).1.retain(|(id, _)| !fits(*id));
        self.changed.send_replace(());
    }

    /// How many faults will still hit a request.
    pub(crate) fn n_armed(&self) -> usize {
        loopback::lock(&self.faults).1.iter().filter(|(_, it)| it.times != Some(0)).count()
    }

    /// Takes the faults that hit a request: all that change the answer, and the first that replaces
    /// it.
    pub(crate) fn take(&self, request: &RequestView<'_>) -> RequestFaults {
        let mut hits = RequestFaults::default();
        for (id, fault) in &mut loopback::lock(&self.faults).1 {
            let is_second_answer = hits.answer().is_some() && fault.effect.is_answer();
            if !is_second_answer && fault.matches(request) {
                fault.times = fault.times.map(|it| it.saturating_sub(1));
                hits.0.push((*id, fault.effect.clone()));
            }
        }
        hits
    }

    /// Waits until a fault is lifted.
    pub(crate) async fn lifted(&self, id: FaultId) {
        let mut changed = self.changed.subscribe();
        while loopback::lock(&self.faults).1.iter().any(|(it, _)| *it == id) {
            if changed.changed().await.is_err() {
                break;
            }
        }
    }
}

impl RequestFaults {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (FaultId, &Effect)> {
        self.0.iter().map(|(id, effect)| (*id, effect))
    }

    /// The first effect that something can be read from.
    pub(crate) fn find<T>(&self, read: impl Fn(&Effect) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|(_, effect)| read(effect))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(_, effect)| effect.name()).collect()
    }

    /// The effect that replaces the answer.
    pub(crate) fn answer(&self) -> Option<&Effect> {
        self.0.iter().map(|(_, effect)| effect).find(|it| it.is_answer())
    }
}
