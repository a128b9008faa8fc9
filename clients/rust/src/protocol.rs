//! The constants of the protocol of clients, and what follows from them without a call.
//!
//! `clients/PROTOCOL.md` explains each; a test compares this module with that page.

use std::time::Duration;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

const fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Defines constants, and the list of them with which the test compares the page.
macro_rules! constants {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $value:expr;)*) => {
        $($(#[$doc])* pub const $name: $kind = $value;)*

        #[cfg(test)]
        fn all() -> Vec<(&'static str, f64)> {
            vec![$((stringify!($name), tests::Number::number($name))),*]
        }
    };
}

constants! {
    /// The deadline of a call.
    CALL_DEADLINE: Duration = seconds(30);
    /// The deadline of a call that imports runs.
    IMPORT_DEADLINE: Duration = seconds(180);
    /// The deadline of a call about a run of an agent.
    RUN_CALL_DEADLINE: Duration = seconds(10);
    /// The largest answer that is accepted.
    MAX_RECEIVE_BYTES: usize = 64 << 20;
    /// The largest trailing metadata that is accepted.
    MAX_METADATA_BYTES: u32 = 64 << 10;
    /// The time without traffic after which a connection is tried.
    KEEPALIVE_MILLISECONDS: Duration = milliseconds(30_000);
    /// The time after which a tried connection is broken.
    KEEPALIVE_TIMEOUT_MILLISECONDS: Duration = milliseconds(10_000);
    /// The first pause before connecting again.
    FIRST_RECONNECT_MILLISECONDS: Duration = milliseconds(300);
    /// The longest pause before connecting again.
    LONGEST_RECONNECT_MILLISECONDS: Duration = milliseconds(3_000);
    /// The time that an attempt to connect has.
    CONNECT_MILLISECONDS: Duration = milliseconds(3_000);
    /// How often a request is sent at most while a service is unavailable.
    TRANSPORT_ATTEMPTS: u32 = 5;
    /// The first pause between these attempts.
    TRANSPORT_FIRST_PAUSE: Duration = milliseconds(200);
    /// The longest pause between these attempts.
    TRANSPORT_LONGEST_PAUSE: Duration = seconds(2);
    /// The factor from one of these pauses to the next.
    TRANSPORT_FACTOR: u32 = 2;
    /// How often ShouldStop is sent at most.
    SHOULD_STOP_ATTEMPTS: u32 = 2;
    /// The pause between these attempts.
    SHOULD_STOP_PAUSE: Duration = milliseconds(50);
    /// How often a request is sent again that a service asked to delay.
    MAX_RESENDS: u32 = 4;
    /// The longest such delay.
    LONGEST_RETRY_AFTER: Duration = seconds(10);
    /// The random factor of such a delay.
    RETRY_AFTER_JITTER: (f64, f64) = (1.0, 1.2);
    /// The first pause before a stream is opened again.
    STREAM_FIRST_PAUSE: Duration = milliseconds(200);
    /// The longest pause before a stream is opened again.
    STREAM_LONGEST_PAUSE: Duration = seconds(5);
    /// The random factor of such a pause.
    STREAM_JITTER: (f64, f64) = (0.8, 1.2);
    /// How long no call goes first to a replica that did not answer.
    REPLICA_PAUSE: Duration = seconds(10);
    /// How long an agent waits for services that are unavailable.
    PATIENCE: Duration = seconds(600);
    /// The same for services that have not answered yet.
    FIRST_PATIENCE: Duration = seconds(5);
    /// The first pause of such a wait.
    OUTAGE_FIRST_PAUSE: Duration = milliseconds(250);
    /// The longest pause of such a wait.
    OUTAGE_LONGEST_PAUSE: Duration = seconds(5);
    /// The first pause between two polls for a run.
    POLL_FIRST_PAUSE: Duration = milliseconds(250);
    /// The longest pause between two polls for a run.
    POLL_LONGEST_PAUSE: Duration = seconds(2);
    /// The same for an agent that stays.
    STAY_LONGEST_PAUSE: Duration = seconds(5);
    /// The largest end of a run that a Suggest brings.
    MAX_BROUGHT_BYTES: usize = 256 << 10;
    /// How many heartbeats a lease has.
    HEARTBEATS_A_LEASE: u32 = 3;
    /// The shortest pause between two heartbeats.
    HEARTBEAT_SHORTEST_PAUSE: Duration = milliseconds(200);
    /// The longest pause between two heartbeats.
    HEARTBEAT_LONGEST_PAUSE: Duration = seconds(5);
    /// The deadline of a heartbeat.
    HEARTBEAT_DEADLINE: Duration = seconds(10);
    /// The longest pause after a heartbeat that failed.
    HEARTBEAT_FAILURE_PAUSE: Duration = seconds(1);
    /// How long values wait for more of them.
    FLUSH_PAUSE: Duration = milliseconds(200);
    /// The number of values that does not wait.
    FLUSH_VALUES: usize = 1_000;
    /// The most values of one report.
    REPORT_MAX_VALUES: usize = 5_000;
    /// About the most bytes of one report.
    REPORT_MAX_BYTES: usize = 1 << 20;
    /// The pause after a report that failed.
    REPORT_FAILURE_PAUSE: Duration = seconds(1);
    /// The time without an answer after which `log` waits for one.
    SILENCE: Duration = seconds(1);
    /// How long it waits.
    SILENCE_DEADLINE: Duration = seconds(2);
    /// The deadline of a check whether a run stops.
    CHECK_DEADLINE: Duration = seconds(5);
    /// The first pause before a check is repeated.
    CHECK_FIRST_PAUSE: Duration = milliseconds(500);
    /// The longest pause before a check is repeated.
    CHECK_LONGEST_PAUSE: Duration = seconds(5);
    /// The failed runs in a row after which an agent gives up.
    MAX_QUICK_FAILURES: u32 = 3;
    /// The time within which they must have failed.
    QUICK_SECONDS: Duration = seconds(60);
    /// The failed runs at the beginning after which an agent gives up.
    MAX_INITIAL_FAILURES: u32 = 5;
    /// The most characters of a message.
    MAX_MESSAGE_CHARACTERS: usize = 4_096;
    /// The most characters of a stack trace.
    MAX_TRACEBACK_CHARACTERS: usize = 65_536;
    /// The most characters of a metric's name.
    MAX_METRIC_NAME_CHARACTERS: usize = 200;
    /// The most entries of a run's config.
    CONFIG_MAX_ENTRIES: usize = 1_000;
    /// The most bytes of a run's config.
    CONFIG_MAX_BYTES: usize = 256 << 10;
    /// The SIGINT that gives runs back.
    INTERRUPTS_TO_GIVE_BACK: u32 = 2;
    /// How long calls under way may take when an agent ends.
    IDLE_END: Duration = seconds(10);
}

/// Returns the time between two heartbeats of a lease of this length.
#[must_use]
pub fn heartbeat_pause(lease: Duration) -> Duration {
    (lease / HEARTBEATS_A_LEASE).clamp(HEARTBEAT_SHORTEST_PAUSE, HEARTBEAT_LONGEST_PAUSE)
}

/// A pause that grows by a factor up to a longest one.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            next: first,
            longest,
        }
    }

    /// Returns the next pause.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next.min(self.longest);
        self.next = pause * TRANSPORT_FACTOR;
        pause
    }

    /// Sets the longest pause.
    pub(crate) fn limit(&mut self, longest: Duration) {
        self.longest = longest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A constant as the page writes it, in the unit of its name.
    pub(super) trait Number {
        fn number(self) -> f64;
    }

    impl Number for Duration {
        fn number(self) -> f64 {
            self.as_secs_f64()
        }
    }

    impl Number for usize {
        fn number(self) -> f64 {
            self as f64
        }
    }

    impl Number for u32 {
        fn number(self) -> f64 {
            f64::from(self)
        }
    }

    impl Number for (f64, f64) {
        fn number(self) -> f64 {
            // Both numbers of a range, as one that no other range has.
            self.0 * 1_000.0 + self.1
        }
    }

    #[test]
    fn the_constants_are_those_of_the_page() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../PROTOCOL.md");
        let page = std::fs::read_to_string(path).expect("the page is in the repository");
        let section = page.split("\n## 2.").next().unwrap_or_default();
        let mut on_the_page = BTreeMap::new();
        for row in section.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let numbers: Vec<f64> = cells[2]
                .split(',')
                .map(|text| text.trim().parse().expect("a number"))
                .collect();
            let mut number = numbers[0];
            if let [least, most] = numbers[..] {
                number = (least, most).number();
            }
            if cells[1].ends_with("_milliseconds`") {
                number /= 1_000.0;
            }
            on_the_page.insert(cells[1].trim_matches('`').to_owned(), number);
        }
        let here: BTreeMap<String, f64> = all()
            .into_iter()
            .map(|(name, number)| (name.to_lowercase(), number))
            .collect();
        assert_eq!(here, on_the_page);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut pauses = Backoff::new(seconds(1), seconds(3));
        let first: Vec<_> = std::iter::repeat_with(|| pauses.next()).take(4).collect();
        assert_eq!(first, [seconds(1), seconds(2), seconds(3), seconds(3)]);
    }
}
