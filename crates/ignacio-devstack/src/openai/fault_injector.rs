//! Keeps the armed faults, and picks those that hit a request.

use std::{collections::BTreeSet, sync::Mutex, time::Duration};

use tokio::sync::watch;

use crate::{
    loopback,
    openai::faults::{Effect, Fault, FaultId, RequestView},
};

/// The faults that are armed.
#[derive(Debug, Default)]
pub(crate) struct FaultInjector {
    table: Mutex<Table>,
    lifted: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Table {
    count: u64,
    armed: Vec<(FaultId, Fault)>,
    /// Armed and not lifted, used up or not: a stall lasts as long as its fault is here.
    live: BTreeSet<FaultId>,
}

/// A wait that ends when its fault is lifted, or after a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stall {
    until_lifted: FaultId,
    at_most: Option<Duration>,
}

/// The faults that hit one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestFaults(Vec<(FaultId, Effect)>);

impl FaultInjector {
    pub(crate) fn arm(&self, fault: Fault) -> FaultId {
        let mut table = loopback::lock(&self.table);
        table.count += 1;
        let id = FaultId(table.count);
        table.armed.push((id, fault));
        table.live.insert(id);
        id
    }

    /// Disarms a fault and ends its stalls.
    pub(crate) fn lift(&self, id: FaultId) {
        self.retain(|it| it != id);
    }

    /// Disarms all faults.
    pub(crate) fn clear(&self) {
        self.retain(|_| false);
    }

    fn retain(&self, is_kept: impl Fn(FaultId) -> bool) {
        let mut table = loopback::lock(&self.table);
        table.armed.retain(|(id, _)| is_kept(*id));
        table.live.retain(|id| is_kept(*id));
        drop(table);
        self.lifted.send_replace(());
    }

    /// The faults that will still hit a request.
    pub(crate) fn armed(&self) -> Vec<(FaultId, Fault)> {
        loopback::lock(&self.table).armed.clone()
    }

    /// Takes the faults that hit a request, and disarms those that are used up.
    pub(crate) fn take(&self, request: &RequestView<'_>) -> RequestFaults {
        let mut hits = RequestFaults::default();
        loopback::lock(&self.table).armed.retain_mut(|(id, fault)| {
            let is_second_answer = hits.answer().is_some() && fault.effect.is_answer();
            if is_second_answer || !fault.matches(request) {
                return true;
            }
            hits.0.push((*id, fault.effect.clone()));
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
            fault.times != Some(0)
        });
        hits
    }

    pub(crate) async fn wait(&self, stall: Stall) {
        let mut lifted = self.lifted.subscribe();
        let until = async {
            while loopback::lock(&self.table).live.contains(&stall.until_lifted) {
                if lifted.changed().await.is_err() {
                    break;
                }
            }
        };
        match stall.at_most {
            // Which of the two ended the wait does not matter.
            Some(at_most) => drop(tokio::time::timeout(at_most, until).await),
            None => until.await,
        }
    }
}

impl RequestFaults {
    /// Each effect, with the stall that it means where it is one.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Effect, Stall)> {
        self.0.iter().map(|(id, effect)| {
            let at_most = match effect {
                Effect::StallHeaders { millis }
                | Effect::StallAfterBytes { millis, .. }
                | Effect::StallAfterEvents { millis, .. } => millis.map(Duration::from_millis),
                _ => None,
            };
            (effect, Stall { until_lifted: *id, at_most })
        })
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(_, effect)| effect.name()).collect()
    }

    /// The effect that replaces the answer.
    pub(crate) fn answer(&self) -> Option<&Effect> {
        self.0.iter().map(|(_, effect)| effect).find(|it| it.is_answer())
    }
}

#[cfg(test)]
mod tests {
    use super::FaultInjector;
    use crate::openai::faults::{Effect, Fault, RequestView};

    const CREATE: RequestView<'_> = RequestView {
        method: "POST",
        path: "/v1/responses",
        body: "{\"a\":1}",
        is_small_job: false,
    };

    fn statuses(faults: &FaultInjector, requests: usize) -> Vec<Option<u16>> {
        let status = |_| match faults.take(&CREATE).answer() {
            Some(Effect::Status { status, .. }) => Some(*status),
            _ => None,
        };
        (0..requests).map(status).collect()
    }

    #[test]
    fn answers_come_one_after_the_other() {
        let faults = FaultInjector::default();
        faults.arm(Fault::rate_limited(Some(1)).times(2));
        faults.arm(Fault::server_error());
        assert_eq!(statuses(&faults, 4), [Some(429), Some(429), Some(500), None]);
    }

    #[test]
    fn shapes_add_up_and_other_requests_stay_whole() {
        let faults = FaultInjector::default();
        faults.arm(Fault::new(Effect::Rechunk { bytes: 3 }).on("GET", "/v1/files"));
        faults.arm(Fault::new(Effect::CutAfterBytes { bytes: 9 }).containing("\"a\":1"));
        faults.arm(Fault::new(Effect::Slow { millis: 1 }).until_lifted());
        assert_eq!(faults.take(&CREATE).names(), ["cut_after_bytes", "slow"]);
        assert_eq!(faults.take(&CREATE).names(), ["slow"]);
    }

    #[test]
    fn small_jobs_are_hit_only_on_purpose() {
        let faults = FaultInjector::default();
        let job = RequestView { is_small_job: true, ..CREATE };
        faults.arm(Fault::server_error());
        assert!(faults.take(&job).names().is_empty());
        faults.arm(Fault::new(Effect::Slow { millis: 1 }).until_lifted());
        faults.arm(Fault::new(Effect::Rechunk { bytes: 3 }).containing("\"a\":1"));
        assert_eq!(faults.take(&job).names(), ["slow", "rechunk"]);
        assert_eq!(faults.take(&CREATE).names(), ["status", "slow"]);
    }

    #[test]
    fn an_effect_on_indexing_does_not_hit_a_response() {
        let faults = FaultInjector::default();
        faults.arm(Fault::new(Effect::HoldIndexing));
        assert!(faults.take(&CREATE).names().is_empty());
    }
}
