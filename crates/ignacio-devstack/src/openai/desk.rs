//! Where faults lie until a request comes that they are meant for.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::watch;

use crate::openai::{
    faults::{Effect, Fault, FaultId, Probe},
    shaping::{Act, Point, Shape},
};

/// The faults that are armed.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    state: Mutex<State>,
    lifted: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    count: u64,
    armed: Vec<(FaultId, Fault)>,
    /// Armed and not lifted, used up or not: what waits for the lifting looks here.
    live: BTreeSet<FaultId>,
}

/// What is to go wrong with one request.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// For the record.
    pub(crate) names: Vec<String>,
    /// Waits before anything is answered.
    pub(crate) stalls: Vec<Hold>,
    /// Takes the place of the answer.
    pub(crate) answer: Option<Effect>,
    /// What happens to the body of the answer.
    pub(crate) shape: Shape,
    /// What happens to the response that is generated.
    pub(crate) twists: Twists,
    /// What happens to a file that is added to a store.
    pub(crate) indexing: Option<Indexing>,
}

/// A wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    /// Ends when this is lifted.
    pub(crate) until: FaultId,
    /// Or after this time.
    pub(crate) at_most: Option<Duration>,
}

/// What goes wrong while a response is generated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Twists {
    /// An unknown event after every so many deltas.
    pub(crate) unknown_every: Option<usize>,
    /// A wait after so many deltas.
    pub(crate) pause: Option<(usize, Hold)>,
    /// An end after so many deltas.
    pub(crate) end: Option<(usize, Effect)>,
    /// Another pause before each word.
    pub(crate) delay: Option<Duration>,
}

/// What goes wrong while a file is read.
#[derive(Clone, Debug)]
pub(crate) enum Indexing {
    /// Nothing happens until lifted.
    Hold(Hold),
    /// It fails.
    Fail {
        /// The API's code.
        code: String,
        /// One sentence.
        message: String,
    },
}

impl Desk {
    /// Arms a fault.
    pub(crate) fn arm(&self, fault: Fault) -> FaultId {
        let mut state = self.lock();
        state.count += 1;
        let id = FaultId(state.count);
        state.armed.push((id, fault));
        state.live.insert(id);
        id
    }

    /// Disarms a fault and ends what waits for it.
    pub(crate) fn lift(&self, id: FaultId) {
        let mut state = self.lock();
        state.armed.retain(|(armed, _)| *armed != id);
        state.live.remove(&id);
        drop(state);
        self.lifted.send_replace(());
    }

    /// Disarms all faults.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        state.armed.clear();
        state.live.clear();
        drop(state);
        self.lifted.send_replace(());
    }

    /// The faults that will still hit something.
    pub(crate) fn armed(&self) -> Vec<(FaultId, Fault)> {
        self.lock().armed.clone()
    }

    /// Takes the faults that are meant for a request.
    pub(crate) fn take(&self, request: &Probe<'_>) -> Taken {
        let mut taken = Taken::default();
        self.lock().armed.retain_mut(|(id, fault)| {
            let is_second_answer = taken.answer.is_some() && fault.effect.is_answer();
            if is_second_answer || !fault.matches(request) {
                return true;
            }
            taken.names.push(fault.effect.name());
            taken.add(*id, &fault.effect);
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
            fault.times != Some(0)
        });
        taken
    }

    /// Waits as told.
    pub(crate) async fn hold(&self, hold: Hold) {
        let mut lifted = self.lifted.subscribe();
        let until = async {
            while self.lock().live.contains(&hold.until) {
                if lifted.changed().await.is_err() {
                    break;
                }
            }
        };
        match hold.at_most {
            // Which of the two ended the wait does not matter.
            Some(at_most) => drop(tokio::time::timeout(at_most, until).await),
            None => until.await,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn add(&mut self, id: FaultId, effect: &Effect) {
        let hold =
            |millis: &Option<u64>| Hold { until: id, at_most: millis.map(Duration::from_millis) };
        let shape = &mut self.shape;
        match effect {
            Effect::Status { .. } | Effect::Close => self.answer = Some(effect.clone()),
            Effect::StallHeaders { millis } => self.stalls.push(hold(millis)),
            Effect::StallAfterBytes { bytes, millis } => {
                shape.stop(Point::Bytes(*bytes), Act::Hold(hold(millis)));
            }
            Effect::StallAfterEvents { events, millis } => {
                shape.stop(Point::Events(*events), Act::Hold(hold(millis)));
            }
            Effect::CutAfterBytes { bytes } => shape.stop(Point::Bytes(*bytes), Act::Cut),
            Effect::CutAfterEvents { events } => shape.stop(Point::Events(*events), Act::Cut),
            Effect::EndAfterEvents { events } => shape.stop(Point::Events(*events), Act::End),
            Effect::Slow { millis } => shape.pace = Some(Duration::from_millis(*millis)),
            Effect::Rechunk { bytes } => shape.rechunk = Some((*bytes).max(1)),
            Effect::RepeatEvents { every } => shape.repeat_every = Some((*every).max(1)),
            _ => self.add_twist(id, effect),
        }
    }

    fn add_twist(&mut self, id: FaultId, effect: &Effect) {
        let hold = Hold { until: id, at_most: None };
        let twists = &mut self.twists;
        match effect {
            Effect::UnknownEvents { every } => twists.unknown_every = Some((*every).max(1)),
            Effect::Pause { after_deltas } => twists.pause = Some((*after_deltas, hold)),
            Effect::DeltaDelay { millis } => twists.delay = Some(Duration::from_millis(*millis)),
            Effect::ErrorEvent { after_deltas, .. }
            | Effect::Incomplete { after_deltas, .. }
            | Effect::Failed { after_deltas, .. } => {
                twists.end = Some((*after_deltas, effect.clone()));
            }
            Effect::HoldIndexing => self.indexing = Some(Indexing::Hold(hold)),
            Effect::FailIndexing { code, message } => {
                let (code, message) = (code.clone(), message.clone());
                self.indexing = Some(Indexing::Fail { code, message });
            }
            _ => {}
        }
    }
}

/// A JSON body as the text that faults and scripts look into.
pub(crate) fn text_of(body: Option<&Value>) -> String {
    body.map(Value::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Desk;
    use crate::openai::faults::{Effect, Fault, Probe};

    const CREATE: Probe<'_> =
        Probe { method: "POST", path: "/v1/responses", body: "{\"a\":1}", is_small_job: false };

    fn statuses(desk: &Desk, requests: usize) -> Vec<Option<u16>> {
        let status = |_| match desk.take(&CREATE).answer {
            Some(Effect::Status { status, .. }) => Some(status),
            _ => None,
        };
        (0..requests).map(status).collect()
    }

    #[test]
    fn answers_come_one_after_the_other() {
        let desk = Desk::default();
        desk.arm(Fault::rate_limited(Some(1)).times(2));
        desk.arm(Fault::server_error());
        assert_eq!(statuses(&desk, 4), [Some(429), Some(429), Some(500), None]);
    }

    #[test]
    fn shapes_add_up_and_other_requests_stay_whole() {
        let desk = Desk::default();
        desk.arm(Fault::new(Effect::Rechunk { bytes: 3 }).on("GET", "/v1/files"));
        desk.arm(Fault::new(Effect::CutAfterBytes { bytes: 9 }).containing("\"a\":1"));
        desk.arm(Fault::new(Effect::Slow { millis: 1 }).until_lifted());
        let taken = desk.take(&CREATE);
        assert_eq!(taken.names, ["cut_after_bytes", "slow"]);
        assert_eq!(desk.take(&CREATE).names, ["slow"]);
    }

    #[test]
    fn small_jobs_are_hit_only_on_purpose() {
        let desk = Desk::default();
        let job = Probe { is_small_job: true, ..CREATE };
        desk.arm(Fault::server_error());
        assert!(desk.take(&job).names.is_empty());
        desk.arm(Fault::new(Effect::Slow { millis: 1 }).until_lifted());
        desk.arm(Fault::new(Effect::Rechunk { bytes: 3 }).containing("\"a\":1"));
        assert_eq!(desk.take(&job).names, ["slow", "rechunk"]);
        assert_eq!(desk.take(&CREATE).names, ["status", "slow"]);
    }

    #[test]
    fn an_effect_on_indexing_does_not_hit_a_response() {
        let desk = Desk::default();
        desk.arm(Fault::new(Effect::HoldIndexing));
        assert!(desk.take(&CREATE).names.is_empty());
    }
}
