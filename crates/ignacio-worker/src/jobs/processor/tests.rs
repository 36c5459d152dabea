//! The loop around every kind of job: it survives panics and outages, and stops in two steps.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::*;

/// What a job in these tests does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Finish,
    Panic,
    WaitForDrain,
    WaitForever,
}

type Events = mpsc::UnboundedReceiver<(&'static str, Step)>;

struct ScriptedProcessor {
    claims: Mutex<Vec<Result<Vec<Step>, StoreError>>>,
    queue: JobQueue,
    events: mpsc::UnboundedSender<(&'static str, Step)>,
    n_running: AtomicUsize,
    most_running: AtomicUsize,
}

impl ScriptedProcessor {
    fn with_claims(mut claims: Vec<Result<Vec<Step>, StoreError>>) -> (Arc<Self>, Events) {
        claims.reverse();
        let (events, received) = mpsc::unbounded_channel();
        let processor = Self {
            claims: Mutex::new(claims),
            queue: JobQueue::new("script", 2),
            events,
            n_running: AtomicUsize::new(0),
            most_running: AtomicUsize::new(0),
        };
        (Arc::new(processor), received)
    }

    fn send(&self, event: &'static str, step: Step) {
        self.events.send((event, step)).unwrap();
    }
}

#[async_trait]
impl JobProcessor for ScriptedProcessor {
    type Job = Step;

    fn queue(&self) -> &JobQueue {
        &self.queue
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Step>, StoreError> {
        assert!(limit > 0, "nothing is claimed that cannot run");
        self.claims.lock().unwrap().pop().unwrap_or(Ok(Vec::new()))
    }

    async fn process(&self, job: &Step, control: &JobControl) -> Result<(), StoreError> {
        let n_running = self.n_running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_running.fetch_max(n_running, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.send("started", *job);
        match job {
            Step::Finish => {}
            Step::Panic => {
                self.n_running.fetch_sub(1, Ordering::SeqCst);
                panic!("as the script wants it");
            }
            Step::WaitForDrain => control.shutdown.drain.cancelled().await,
            Step::WaitForever => std::future::pending().await,
        }
        self.n_running.fetch_sub(1, Ordering::SeqCst);
        self.send("done", *job);
        Ok(())
    }

    async fn panicked(&self, job: &Step) -> Result<(), StoreError> {
        self.send("panicked", *job);
        Ok(())
    }

    async fn release(&self, job: &Step) -> Result<(), StoreError> {
        self.send("released", *job);
        Ok(())
    }
}

async fn receive(events: &mut Events, n: usize) -> Vec<(&'static str, Step)> {
    let mut received = Vec::new();
    for _ in 0..n {
        received.push(events.recv().await.unwrap());
    }
    received
}

#[tokio::test(start_paused = true)]
async fn a_loop_survives_outages_and_panics() {
    let outage = || Err(StoreError::Conflict("any".to_owned()));
    let (processor, mut events) = ScriptedProcessor::with_claims(vec![
        outage(),
        outage(),
        Ok(vec![Step::Panic]),
        outage(),
        Ok(vec![Step::Finish]),
    ]);
    let shutdown = Shutdown::never();
    let serving = serve(Arc::clone(&processor), shutdown.clone(), TaskTracker::new());
    let received = async {
        let received = receive(&mut events, 4).await;
        shutdown.drain.cancel();
        received
    };
    let ((), received) = tokio::join!(serving, received);
    assert_eq!(
        received,
        [
            ("started", Step::Panic),
            ("panicked", Step::Panic),
            ("started", Step::Finish),
            ("done", Step::Finish)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_jobs_run_at_once_than_there_are_slots() {
    let claims = (0..5).map(|_| Ok(vec![Step::Finish])).collect();
    let (processor, mut events) = ScriptedProcessor::with_claims(claims);
    let shutdown = Shutdown::never();
    let serving = serve(Arc::clone(&processor), shutdown.clone(), TaskTracker::new());
    let received = async {
        receive(&mut events, 10).await;
        shutdown.drain.cancel();
    };
    tokio::join!(serving, received);
    assert_eq!(processor.most_running.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wakeup_ends_the_wait() {
    let claims = vec![Ok(Vec::new()), Ok(vec![Step::Finish])];
    let (processor, mut events) = ScriptedProcessor::with_claims(claims);
    let shutdown = Shutdown::never();
    let serving = serve(Arc::clone(&processor), shutdown.clone(), TaskTracker::new());
    let received = async {
        let notified_at = tokio::time::Instant::now();
        processor.queue.wakeup.notify_one();
        receive(&mut events, 2).await;
        shutdown.drain.cancel();
        notified_at.elapsed()
    };
    let ((), waited) = tokio::join!(serving, received);
    assert_eq!(waited, Duration::ZERO, "nothing waits for the poll");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_has_two_steps() {
    let claims = vec![Ok(vec![Step::WaitForDrain, Step::WaitForever])];
    let (processor, mut events) = ScriptedProcessor::with_claims(claims);
    let shutdown = Shutdown::never();
    let tracker = TaskTracker::new();
    let serving = serve(Arc::clone(&processor), shutdown.clone(), tracker.clone());
    let received = async {
        receive(&mut events, 2).await;
        shutdown.drain.cancel();
        let first = receive(&mut events, 1).await;
        shutdown.abort.cancel();
        (first, receive(&mut events, 1).await)
    };
    let ((), (first, second)) = tokio::join!(serving, received);
    assert_eq!(first, [("done", Step::WaitForDrain)]);
    assert_eq!(second, [("released", Step::WaitForever)]);
    tracker.close();
    tracker.wait().await;
}

#[tokio::test]
async fn a_drain_runs_what_is_due_and_counts_it() {
    let (processor, mut events) =
        ScriptedProcessor::with_claims(vec![Ok(vec![Step::Finish, Step::Panic])]);
    assert_eq!(drain(&*processor).await.unwrap(), 2);
    assert_eq!(drain(&*processor).await.unwrap(), 0);
    let received = receive(&mut events, 4).await;
    assert!(received.contains(&("panicked", Step::Panic)));
    assert!(received.contains(&("done", Step::Finish)));
}
