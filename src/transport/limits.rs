//! How long, how often and how many: the numbers of the pipeline.

use std::time::Duration;

/// The numbers of the pipeline; the defaults suit a project of any size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests in flight at a time, over all threads of the process.
    pub in_flight: usize,
    /// Calls in all, looks of ours and pages of lists counted, repeats not.
    pub calls: u64,
    /// How long a read may take with all its repeats, unless the call says.
    pub read_time: Duration,
    /// How long a change may take with all its repeats, unless the call says. Longer than for reads: a repeat that
    /// comes too early meets the first try still at work.
    pub change_time: Duration,
    /// How long one try of a read may take.
    pub read_attempt: Duration,
    /// How long one try of a change may take: giving up leaves its effect unknown, so this is generous.
    pub change_attempt: Duration,
    /// How many bytes a second an upload or a download makes at least; its time grows by that.
    pub slowest_transfer: u64,
    /// Tries of one call.
    pub attempts: u32,
    /// Tries of one call that never reach the server: a wrong host name should not take a minute to be told.
    pub unreachable_attempts: u32,
    /// Tries of one call that something other than the API answers, such as a proxy's web page: it would go on to.
    pub foreign_attempts: u32,
    /// Below this is the wait before the first repeat; it doubles with each.
    pub backoff_base: Duration,
    /// No wait before a repeat is longer, unless the server asks for it.
    pub backoff_cap: Duration,
    /// The longest wait that a server may ask for.
    pub longest_retry_after: Duration,
    /// The pauses before each look for an object whose create was not answered.
    pub looks: Vec<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight: 64,
            calls: 100_000,
            read_time: Duration::from_mins(1),
            change_time: Duration::from_mins(2),
            read_attempt: Duration::from_secs(30),
            change_attempt: Duration::from_mins(1),
            slowest_transfer: 100_000,
            attempts: 10,
            unreachable_attempts: 6,
            foreign_attempts: 3,
            backoff_base: Duration::from_millis(250),
            backoff_cap: Duration::from_secs(10),
            longest_retry_after: Duration::from_mins(5),
            looks: [0, 2, 5].map(Duration::from_secs).to_vec(),
        }
    }
}
