//! Rows of values, split into requests.

use crate::api::registry::v1::MetricRow;
use crate::protocol::{REPORT_MAX_BYTES, REPORT_MAX_VALUES};

const BYTES_A_ROW: usize = 32;
const BYTES_A_VALUE: usize = 16;
/// This number of values always fits one request: a name has at most 800 bytes.
const VALUES_A_PIECE: usize = 1_000;

/// Rows as long as they fit one request.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) rows: Vec<MetricRow>,
    values: usize,
    bytes: usize,
}

impl Batch {
    /// Returns whether a row fits.
    pub(super) fn fits(&self, row: &MetricRow) -> bool {
        self.rows.is_empty()
            || self.values + row.values.len() <= REPORT_MAX_VALUES
                && self.bytes + size_of(row) <= REPORT_MAX_BYTES
    }

    pub(super) fn add(&mut self, row: MetricRow) {
        self.values += row.values.len();
        self.bytes += size_of(&row);
        self.rows.push(row);
    }
}

/// Splits rows into those that each fit one request.
pub(super) fn batches(rows: Vec<MetricRow>) -> Vec<Vec<MetricRow>> {
    let mut found = Vec::new();
    let mut current = Batch::default();
    for piece in rows.into_iter().flat_map(pieces) {
        if !current.fits(&piece) {
            found.push(std::mem::take(&mut current).rows);
        }
        current.add(piece);
    }
    if !current.rows.is_empty() {
        found.push(current.rows);
    }
    found
}

/// Returns whether one request can have the row.
pub(super) fn is_small(row: &MetricRow) -> bool {
    row.values.len() <= REPORT_MAX_VALUES && size_of(row) <= REPORT_MAX_BYTES
}

/// Returns the row if it fits one request, else smaller rows of the same step.
pub(super) fn pieces(mut row: MetricRow) -> Vec<MetricRow> {
    if is_small(&row) {
        return vec![row];
    }
    let mut values = std::mem::take(&mut row.values).into_iter().peekable();
    let mut found = Vec::new();
    while values.peek().is_some() {
        let values = values.by_ref().take(VALUES_A_PIECE).collect();
        found.push(MetricRow {
            values,
            ..row.clone()
        });
    }
    found
}

/// Returns the approximate number of bytes of a row.
fn size_of(row: &MetricRow) -> usize {
    BYTES_A_ROW
        + row
            .values
            .keys()
            .map(|name| BYTES_A_VALUE + name.len())
            .sum::<usize>()
}

/// Returns the rows with the values that are kept, without rows that have none.
pub(super) fn with_values(
    rows: &[MetricRow],
    keeps: impl Fn(usize, &str) -> bool,
) -> Vec<MetricRow> {
    let rows = rows.iter().enumerate().map(|(i, row)| {
        let kept = row.values.iter().filter(|(name, _)| keeps(i, name));
        let values = kept.map(|(name, &value)| (name.clone(), value)).collect();
        MetricRow {
            step: row.step,
            values,
            time: row.time,
            is_summary: row.is_summary,
        }
    });
    rows.filter(|row| !row.values.is_empty()).collect()
}

pub(super) fn count_of(rows: &[MetricRow]) -> usize {
    rows.iter().map(|row| row.values.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: i64, values: usize) -> MetricRow {
        let values = (0..values).map(|i| (format!("metric {i}"), 0.5)).collect();
        MetricRow {
            step,
            values,
            ..Default::default()
        }
    }

    #[test]
    fn a_batch_has_at_most_as_many_values_as_a_request() {
        let found = batches(vec![
            row(0, 3_000),
            row(1, 2_000),
            row(2, 1),
            row(3, 12_000),
        ]);
        let counts: Vec<_> = found.iter().map(|rows| count_of(rows)).collect();
        assert_eq!(counts, [5_000, 4_001, 5_000, 3_000]);
        assert!(found[3].iter().all(|row| row.step == 3));
    }

    #[test]
    fn values_are_left_out_by_row_or_name() {
        let rows = [row(0, 2), row(1, 2)];
        assert_eq!(with_values(&rows, |i, _| i == 1), rows[1..]);
        assert_eq!(
            count_of(&with_values(&rows, |_, name| name == "metric 0")),
            2
        );
    }
}
