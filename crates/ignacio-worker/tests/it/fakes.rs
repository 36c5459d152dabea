//! Ports that do what a test plans, and record their calls.

mod assistant;
mod messenger;
mod objects;
mod vector_store;

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use ignacio_domain::ports::{PortError, SendError};

pub(crate) use self::assistant::{
    FakeAssistant, StreamItem, cited, delta, ended, retrieved, started,
};
pub(crate) use self::messenger::FakeMessenger;
pub(crate) use self::objects::FakeObjects;
pub(crate) use self::vector_store::FakeVectorStore;

pub(crate) fn transient() -> PortError {
    PortError::Transient { retry_after: None, reason: "busy".to_owned() }
}

pub(crate) fn transient_for(seconds: u64) -> PortError {
    let retry_after = Some(Duration::from_secs(seconds));
    PortError::Transient { retry_after, reason: "busy".to_owned() }
}

pub(crate) fn rejected(code: &str) -> PortError {
    PortError::Rejected { code: code.to_owned(), reason: "no".to_owned() }
}

pub(crate) fn misconfigured() -> PortError {
    PortError::Misconfigured { code: "invalid_api_key".to_owned(), reason: "no".to_owned() }
}

pub(crate) fn send_transient() -> SendError {
    SendError::Transient { reason: "busy".to_owned() }
}

pub(crate) fn throttled(seconds: u64) -> SendError {
    SendError::Throttled { retry_after: Duration::from_secs(seconds), reason: "busy".to_owned() }
}

pub(crate) fn unreachable() -> SendError {
    SendError::Unreachable { code: "131026".to_owned() }
}

pub(crate) fn send_misconfigured(code: &str, is_critical: bool) -> SendError {
    SendError::Misconfigured { code: code.to_owned(), reason: "no".to_owned(), is_critical }
}

/// What happens around a port's calls, by their names.
pub(crate) struct Faults<E = PortError> {
    plans: Mutex<HashMap<&'static str, VecDeque<Fault<E>>>>,
    calls: Mutex<Vec<&'static str>>,
}

impl<E> Default for Faults<E> {
    fn default() -> Self {
        Self { plans: Mutex::default(), calls: Mutex::default() }
    }
}

enum Fault<E> {
    /// The call fails and has no effect.
    Fail(E),
    /// A future runs first.
    Before(BoxFuture<'static, ()>),
    /// A future runs once the call has had its effect.
    After(BoxFuture<'static, ()>),
}

impl<E> Faults<E> {
    /// The next call of this name without another plan fails.
    pub(crate) fn fail(&self, call: &'static str, error: E) {
        self.plan(call, Fault::Fail(error));
    }

    /// The next call of this name without another plan waits for this first.
    pub(crate) fn before(
        &self,
        call: &'static str,
        what: impl Future<Output = ()> + Send + 'static,
    ) {
        self.plan(call, Fault::Before(Box::pin(what)));
    }

    /// The next call of this name without another plan waits for this before it returns.
    pub(crate) fn after(
        &self,
        call: &'static str,
        what: impl Future<Output = ()> + Send + 'static,
    ) {
        self.plan(call, Fault::After(Box::pin(what)));
    }

    /// How often a call was made.
    pub(crate) fn count(&self, call: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|it| **it == call).count()
    }

    fn plan(&self, call: &'static str, fault: Fault<E>) {
        self.plans.lock().unwrap().entry(call).or_default().push_back(fault);
    }

    /// Lets a call happen as it is planned.
    async fn around<T>(
        &self,
        call: &'static str,
        effect: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        self.calls.lock().unwrap().push(call);
        let fault = self.plans.lock().unwrap().get_mut(call).and_then(VecDeque::pop_front);
        match fault {
            Some(Fault::Fail(error)) => Err(error),
            Some(Fault::Before(first)) => {
                first.await;
                effect.await
            }
            Some(Fault::After(then)) => {
                let result = effect.await;
                then.await;
                result
            }
            None => effect.await,
        }
    }
}
