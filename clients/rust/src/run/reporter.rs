//! The values of a run on their way to the registry.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tonic::Code;

use super::batches::{Batch, count_of, is_small, pieces};
use super::orders::Orders;
use super::sender::Sender;
use crate::api::registry::v1::MetricRow;
use crate::protocol::{FLUSH_PAUSE, FLUSH_VALUES, REPORT_FAILURE_PAUSE, RUN_CALL_DEADLINE};
use crate::{Error, ServiceError};

/// How long the end of a run waits for a report under way.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Which values are of one row: the step, and whether they are final ones.
pub(super) type Key = (i64, bool);

/// Collects the values of a run, and sends them in the background, in the order of their rows.
/// Values that are not sent stay until they are, or until [`Reporter::close`] returns them.
#[derive(Debug)]
pub(super) struct Reporter {
    sender: Arc<Sender>,
    orders: Arc<Orders>,
    rows: Mutex<Rows>,
    /// Held while a report is under way.
    sending: tokio::sync::Mutex<()>,
    added: Notify,
    full: Notify,
    closing: watch::Sender<bool>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

/// Rows that the registry has not confirmed.
#[derive(Debug, Default)]
struct Rows {
    rows: VecDeque<MetricRow>,
    /// Where the row of a key is, counted from the first row that there was.
    places: HashMap<Key, i64>,
    /// The place of the first row.
    first: i64,
    values: usize,
    under_way: Vec<MetricRow>,
    /// Whether the registry did not answer the last report.
    is_failing: bool,
}

impl Reporter {
    pub(super) fn new(sender: Arc<Sender>, orders: Arc<Orders>) -> Arc<Self> {
        let runtime = sender.client.runtime().clone();
        let reporter = Arc::new(Self {
            sender,
            orders,
            rows: Mutex::default(),
            sending: tokio::sync::Mutex::new(()),
            added: Notify::new(),
            full: Notify::new(),
            closing: watch::Sender::new(false),
            worker: Mutex::default(),
        });
        let worker = runtime.spawn(work(reporter.clone()));
        *reporter
            .worker
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(worker);
        reporter
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds values of one row; later values of a name replace earlier ones.
    pub(super) fn add(&self, key: Key, values: Vec<(String, f64)>) {
        if values.is_empty() {
            return;
        }
        let is_full = {
            let mut rows = self.rows();
            rows.add(key, values);
            rows.values >= FLUSH_VALUES
        };
        self.added.notify_one();
        if is_full {
            self.full.notify_one();
        }
    }

    /// Returns whether the registry did not answer the last report.
    pub(super) fn is_failing(&self) -> bool {
        self.rows().is_failing
    }

    /// Sends all values that were added before. The deadline is that of each report, and of the
    /// wait for one under way.
    pub(super) async fn flush(&self, deadline: Duration) -> Result<(), Error> {
        while self.send_some(deadline).await? {}
        Ok(())
    }

    /// Sends the oldest rows that fit one request, and returns whether more are left.
    async fn send_some(&self, deadline: Duration) -> Result<bool, Error> {
        let Ok(_sending) = timeout(deadline, self.sending.lock()).await else {
            self.rows().is_failing = true;
            let text = format!("earlier values are still not sent after {deadline:?}");
            return Err(ServiceError::new(Code::DeadlineExceeded, text).into());
        };
        let rows = self.rows().take();
        if rows.is_empty() {
            return Ok(false);
        }
        let result = self.sender.report(rows, deadline).await;
        let mut rows = self.rows();
        match result {
            Ok(()) => {
                rows.under_way.clear();
                rows.is_failing = false;
                Ok(!rows.rows.is_empty())
            }
            Err(error) => {
                rows.put_back();
                rows.is_failing = is_temporary(&error);
                Err(error)
            }
        }
    }

    /// Waits, or until it is notified; it returns whether the reporter is still open.
    async fn rest(&self, pause: Duration, until: Option<&Notify>) -> bool {
        let notified = async {
            match until {
                Some(until) => until.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.closed() => false,
            () = notified => true,
            () = sleep(pause) => true,
        }
    }

    async fn closed(&self) {
        // An error is impossible: the sender is in this reporter.
        let _ = self.closing.subscribe().wait_for(|&closing| closing).await;
    }

    /// Ends the work in the background, and returns the rows that the registry has not confirmed.
    pub(super) async fn close(&self) -> Vec<MetricRow> {
        self.closing.send_replace(true);
        let worker = self
            .worker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut worker) = worker
            && timeout(LAST_WAIT, &mut worker).await.is_err()
        {
            worker.abort();
            // An error: it was aborted.
            let _ = worker.await;
        }
        // A flush of code that does not belong to the run's function may still be under way.
        let _sending = timeout(LAST_WAIT, self.sending.lock()).await;
        let mut rows = self.rows();
        rows.put_back();
        std::mem::take(&mut *rows).rows.into()
    }
}

async fn work(reporter: Arc<Reporter>) {
    loop {
        tokio::select! {
            () = reporter.closed() => return,
            () = reporter.added.notified() => {}
        }
        if !reporter.rest(FLUSH_PAUSE, Some(&reporter.full)).await {
            return;
        }
        loop {
            match reporter.send_some(RUN_CALL_DEADLINE).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) if *reporter.closing.borrow() => return,
                Err(error) if is_temporary(&error) => {
                    if !reporter.rest(REPORT_FAILURE_PAUSE, None).await {
                        return;
                    }
                }
                Err(error) => {
                    reporter.orders.broken(&error);
                    return;
                }
            }
        }
    }
}

/// Returns whether rows may be accepted later; a defect of a server may pass, too.
fn is_temporary(error: &Error) -> bool {
    error.may_pass() || error.code() == Some(Code::Internal)
}

impl Rows {
    fn add(&mut self, (step, is_summary): Key, values: Vec<(String, f64)>) {
        let place = *self.places.entry((step, is_summary)).or_insert_with(|| {
            let time = Some(SystemTime::now().into());
            self.rows.push_back(MetricRow {
                step,
                is_summary,
                time,
                ..Default::default()
            });
            self.first + self.rows.len() as i64 - 1
        });
        let row = &mut self.rows[(place - self.first) as usize];
        let before = row.values.len();
        row.values.extend(values);
        self.values += row.values.len() - before;
    }

    /// Returns the oldest rows that fit one request, which are then under way.
    fn take(&mut self) -> Vec<MetricRow> {
        // A report that was dropped before it ended left its rows.
        self.put_back();
        let mut batch = Batch::default();
        while let Some(row) = self.rows.pop_front() {
            let key = (row.step, row.is_summary);
            if !is_small(&row) {
                // The parts become rows of their own, of which only the last one takes more values.
                let parts = pieces(row);
                self.places.insert(key, self.first + parts.len() as i64 - 1);
                // The places of later rows count from one that moves to the front.
                for (_, place) in self.places.iter_mut().filter(|(other, _)| **other != key) {
                    *place += parts.len() as i64 - 1;
                }
                for part in parts.into_iter().rev() {
                    self.rows.push_front(part);
                }
                continue;
            }
            if !batch.fits(&row) {
                self.rows.push_front(row);
                break;
            }
            if self.places.get(&key) == Some(&self.first) {
                self.places.remove(&key);
            }
            self.first += 1;
            self.values -= row.values.len();
            batch.add(row);
        }
        self.under_way.clone_from(&batch.rows);
        batch.rows
    }

    /// Puts rows under way before the later ones; of one step, later values win.
    fn put_back(&mut self) {
        if self.under_way.is_empty() {
            return;
        }
        let later = std::mem::take(&mut self.rows);
        let all = std::mem::take(&mut self.under_way).into_iter().chain(later);
        self.places.clear();
        self.first = 0;
        for row in all {
            let key = (row.step, row.is_summary);
            if let Some(&place) = self.places.get(&key) {
                self.rows[place as usize].values.extend(row.values);
            } else {
                self.places.insert(key, self.rows.len() as i64);
                self.rows.push_back(row);
            }
        }
        self.values = count_of(self.rows.make_contiguous());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(name: &str, value: f64) -> Vec<(String, f64)> {
        vec![(name.to_owned(), value)]
    }

    #[test]
    fn values_of_a_step_go_into_one_row() {
        let mut rows = Rows::default();
        rows.add((0, false), values("loss", 1.0));
        rows.add((1, false), values("loss", 0.5));
        rows.add((0, false), values("loss", 0.9));
        rows.add((0, true), values("loss", 0.1));
        let taken = rows.take();
        let found: Vec<_> = taken
            .iter()
            .map(|row| (row.step, row.values["loss"]))
            .collect();
        assert_eq!(found, [(0, 0.9), (1, 0.5), (0, 0.1)]);
        assert!(taken[2].is_summary);
        assert_eq!((rows.values, rows.rows.len()), (0, 0));
    }

    #[test]
    fn rows_under_way_come_back_before_later_ones_whose_values_win() {
        let mut rows = Rows::default();
        rows.add((0, false), values("loss", 1.0));
        rows.add((1, false), values("loss", 0.5));
        rows.take();
        rows.add((1, false), values("loss", 0.4));
        rows.add((2, false), values("loss", 0.3));
        let found: Vec<_> = rows
            .take()
            .iter()
            .map(|row| (row.step, row.values["loss"]))
            .collect();
        assert_eq!(found, [(0, 1.0), (1, 0.4), (2, 0.3)]);
    }

    #[test]
    fn a_large_row_is_sent_in_parts_with_the_same_step() {
        let mut rows = Rows::default();
        let many = (0..6_000).map(|i| (format!("metric {i}"), 0.5)).collect();
        rows.add((0, false), many);
        rows.add((1, false), values("loss", 0.5));
        let first = rows.take();
        assert_eq!((count_of(&first), first[0].step), (5_000, 0));
        rows.under_way.clear();
        rows.add((0, false), values("late", 0.5));
        rows.add((1, false), values("loss", 0.4));
        let second = rows.take();
        assert_eq!(count_of(&second), 1_002);
        assert_eq!(second.last().map(|row| row.values["loss"]), Some(0.4));
    }
}
