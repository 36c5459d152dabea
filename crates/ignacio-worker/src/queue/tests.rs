//! The loop around every queue: it survives panics and outages, and stops in two steps.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::*;

/// What a job of the test does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Finish,
    Panic,
    WaitForStop,
    WaitForEver,
}

struct Script {
    claims: std::sync::Mutex<Vec<Result<Vec<Deed>, StoreError>>>,
    bell: Notify,
    told: mpsc::UnboundedSender<(&'static str, Deed)>,
    running: AtomicUsize,
    most_running: AtomicUsize,
}

impl Script {
    fn of(
        mut claims: Vec<Result<Vec<Deed>, StoreError>>,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<(&'static str, Deed)>) {
        claims.reverse();
        let (told, hear) = mpsc::unbounded_channel();
        let script = Self {
            claims: std::sync::Mutex::new(claims),
            bell: Notify::new(),
            told,
            running: AtomicUsize::new(0),
            most_running: AtomicUsize::new(0),
        };
        (Arc::new(script), hear)
    }

    fn tell(&self, what: &'static str, deed: Deed) {
        self.told.send((what, deed)).unwrap();
    }
}

#[async_trait]
impl Queue for Script {
    type Job = Deed;

    fn name(&self) -> &'static str {
        "script"
    }

    fn at_once(&self) -> usize {
        2
    }

    fn bell(&self) -> &Notify {
        &self.bell
    }

    async fn claim(&self, room: usize) -> Result<Vec<Deed>, StoreError> {
        assert!(room > 0, "nothing is claimed that cannot run");
        self.claims.lock().unwrap().pop().unwrap_or(Ok(Vec::new()))
    }

    async fn work(&self, job: &Deed, stop: &Stop) -> Result<(), StoreError> {
        let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_running.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.tell("begun", *job);
        match job {
            Deed::Finish => {}
            Deed::Panic => {
                self.running.fetch_sub(1, Ordering::SeqCst);
                panic!("as the script wants it");
            }
            Deed::WaitForStop => stop.soon.cancelled().await,
            Deed::WaitForEver => std::future::pending().await,
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
        self.tell("done", *job);
        Ok(())
    }

    async fn crashed(&self, job: &Deed) -> Result<(), StoreError> {
        self.tell("crashed", *job);
        Ok(())
    }

    async fn give_back(&self, job: &Deed) -> Result<(), StoreError> {
        self.tell("given back", *job);
        Ok(())
    }
}

async fn hear(
    heard: &mut mpsc::UnboundedReceiver<(&'static str, Deed)>,
    n: usize,
) -> Vec<(&'static str, Deed)> {
    let mut all = Vec::new();
    for _ in 0..n {
        all.push(heard.recv().await.unwrap());
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_loop_survives_outages_and_panics() {
    let away = || Err(StoreError::Conflict("any".to_owned()));
    let (script, mut heard) =
        Script::of(vec![away(), away(), Ok(vec![Deed::Panic]), away(), Ok(vec![Deed::Finish])]);
    let stop = Stop::never();
    let serving = serve(Arc::clone(&script), stop.clone(), TaskTracker::new());
    let told = async {
        let told = hear(&mut heard, 4).await;
        stop.soon.cancel();
        told
    };
    let ((), told) = tokio::join!(serving, told);
    assert_eq!(
        told,
        [
            ("begun", Deed::Panic),
            ("crashed", Deed::Panic),
            ("begun", Deed::Finish),
            ("done", Deed::Finish)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_runs_at_once_than_there_are_slots() {
    let (script, mut heard) = Script::of((0..5).map(|_| Ok(vec![Deed::Finish])).collect());
    let stop = Stop::never();
    let serving = serve(Arc::clone(&script), stop.clone(), TaskTracker::new());
    let told = async {
        hear(&mut heard, 10).await;
        stop.soon.cancel();
    };
    tokio::join!(serving, told);
    assert_eq!(script.most_running.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_bell_wakes_the_loop() {
    let (script, mut heard) = Script::of(vec![Ok(Vec::new()), Ok(vec![Deed::Finish])]);
    let stop = Stop::never();
    let serving = serve(Arc::clone(&script), stop.clone(), TaskTracker::new());
    let told = async {
        let asked = tokio::time::Instant::now();
        script.bell.notify_one();
        hear(&mut heard, 2).await;
        stop.soon.cancel();
        asked.elapsed()
    };
    let ((), waited) = tokio::join!(serving, told);
    assert_eq!(waited, Duration::ZERO, "nobody waits for the poll");
}

#[tokio::test(start_paused = true)]
async fn stopping_has_two_steps() {
    let (script, mut heard) = Script::of(vec![Ok(vec![Deed::WaitForStop, Deed::WaitForEver])]);
    let stop = Stop::never();
    let tracker = TaskTracker::new();
    let serving = serve(Arc::clone(&script), stop.clone(), tracker.clone());
    let told = async {
        hear(&mut heard, 2).await;
        stop.soon.cancel();
        let first = hear(&mut heard, 1).await;
        stop.now.cancel();
        (first, hear(&mut heard, 1).await)
    };
    let ((), (first, second)) = tokio::join!(serving, told);
    assert_eq!(first, [("done", Deed::WaitForStop)]);
    assert_eq!(second, [("given back", Deed::WaitForEver)]);
    tracker.close();
    tracker.wait().await;
}

#[tokio::test]
async fn a_drain_does_what_is_due_and_counts_it() {
    let (script, mut heard) = Script::of(vec![Ok(vec![Deed::Finish, Deed::Panic])]);
    assert_eq!(drain(&*script).await.unwrap(), 2);
    assert_eq!(drain(&*script).await.unwrap(), 0);
    let told = hear(&mut heard, 4).await;
    assert!(told.contains(&("crashed", Deed::Panic)) && told.contains(&("done", Deed::Finish)));
}
