//! Several processes on one database, which come and go.

use reqwest::{Method, RequestBuilder};

use super::Stack;
use crate::process::Running;

/// A process that only serves requests.
pub(crate) const SERVE: &[&str] = &["serve"];
/// A process that serves requests and runs the jobs.
pub(crate) const SERVE_WITH_WORKER: &[&str] = &["serve", "--with-worker"];

impl Stack {
    /// A process for each list of arguments, each with these additional variables.
    pub(crate) async fn start_replicas(
        replicas: &[&[&str]],
        more: &[(&'static str, &str)],
    ) -> Self {
        let mut stack = Self::without_processes().await;
        stack.set_variables(more);
        for arguments in replicas {
            stack.start_replica(arguments);
        }
        stack
    }

    /// Starts one more serving process.
    pub(crate) fn start_replica(&mut self, arguments: &[&str]) {
        self.processes.push(Running::start(arguments, &self.variables));
    }

    /// Sets variables for the processes that start from now on.
    pub(crate) fn set_variables(&mut self, more: &[(&'static str, &str)]) {
        for (name, value) in more {
            self.variables = self.variables.clone().with(name, *value);
        }
    }

    /// A request without a session to one of the serving processes.
    pub(crate) fn request_to(&self, replica: usize, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.processes[replica].api))
    }

    /// Stops a process gracefully and starts another in its place.
    pub(crate) fn restart(&mut self, replica: usize, arguments: &[&str]) {
        self.processes.remove(replica).stop();
        self.processes.insert(replica, Running::start(arguments, &self.variables));
    }

    /// The id of a process.
    pub(crate) fn pid(&self, replica: usize) -> u32 {
        self.processes[replica].pid()
    }

    /// Starts one more process, which only runs the jobs.
    pub(crate) fn start_worker(&mut self) {
        self.processes.push(Running::start_worker(&self.variables));
    }

    /// Returns the process that was started last.
    pub(crate) fn take_last_process(&mut self) -> Running {
        self.processes.pop().unwrap()
    }

    /// Host and port of one of the serving processes.
    pub(crate) fn address_of(&self, replica: usize) -> String {
        self.processes[replica].api.trim_start_matches("http://").to_owned()
    }

    /// The metrics of one of the processes.
    pub(crate) async fn metrics_of(&self, replica: usize) -> String {
        let response = self.http.get(&self.processes[replica].metrics).send().await.unwrap();
        response.text().await.unwrap()
    }

    /// Kills the process that was started last with SIGKILL.
    pub(crate) fn kill_last_process(&mut self) {
        if let Some(last) = self.processes.pop() {
            last.signal("KILL");
            assert_eq!(last.wait(), None, "it ended by itself");
        }
    }
}
