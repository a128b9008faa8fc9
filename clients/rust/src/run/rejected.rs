//! What is left of requests that the registry rejected.

use std::collections::{BTreeSet, HashSet};

use super::batches::{count_of, with_values};
use super::outcome::{Outcome, cut_message};
use crate::api::registry::v1::finish_run_request::Outcome as Sent;
use crate::api::registry::v1::{FinishRunRequest, MetricRow, ReportMetricsRequest};
use crate::{ServiceError, random};

/// The most characters of the registry's reason.
const MAX_REASON_CHARACTERS: usize = 1_000;

/// Returns a report with fewer values and another id; none if no values are left.
pub(super) fn reduced_report(
    request: &ReportMetricsRequest,
    error: &ServiceError,
    known: &HashSet<String>,
) -> Option<ReportMetricsRequest> {
    let rows = thinned_out(&request.rows, error, known);
    (!rows.is_empty()).then(|| ReportMetricsRequest {
        rows,
        request_id: random::request_id(),
        ..request.clone()
    })
}

/// Returns an end with less content and another id: first without the rows at fault, then without
/// the config, then as a failure with the registry's reason; none if that is rejected, too.
pub(super) fn reduced_end(
    end: &FinishRunRequest,
    error: &ServiceError,
    known: &HashSet<String>,
) -> Option<FinishRunRequest> {
    let mut rest = FinishRunRequest {
        request_id: random::request_id(),
        ..end.clone()
    };
    let is_of_config = !error.fields.is_empty()
        && error
            .fields
            .iter()
            .all(|problem| problem.field.starts_with("config"));
    if !rest.rows.is_empty() && !is_of_config {
        rest.rows = thinned_out(&rest.rows, error, known);
        return Some(rest);
    }
    if !rest.config.is_empty() {
        rest.config.clear();
        return Some(rest);
    }
    let reason: String = error.message.chars().take(MAX_REASON_CHARACTERS).collect();
    let message = cut_message(&format!("the registry rejected the run's end: {reason}"));
    if let Some(Sent::Failed(failed)) = &rest.outcome
        && failed
            .error
            .as_ref()
            .is_some_and(|error| error.message == message)
    {
        return None;
    }
    rest.outcome = Some(
        Outcome::Failed {
            message,
            trace: String::new(),
        }
        .message(),
    );
    Some(rest)
}

/// Leaves out the rows that an error names, else the metrics that the registry has not accepted
/// before, else all rows.
fn thinned_out(
    rows: &[MetricRow],
    error: &ServiceError,
    known: &HashSet<String>,
) -> Vec<MetricRow> {
    let named: BTreeSet<usize> = error
        .fields
        .iter()
        .filter_map(|problem| named_row(&problem.field))
        .collect();
    let kept = with_values(rows, |i, name| {
        if named.is_empty() {
            known.contains(name)
        } else {
            !named.contains(&i)
        }
    });
    // Otherwise what was left out before was not at fault.
    if count_of(&kept) == count_of(rows) {
        Vec::new()
    } else {
        kept
    }
}

/// Returns the index in a path such as `rows[1].step`.
fn named_row(field: &str) -> Option<usize> {
    field.strip_prefix("rows[")?.split_once(']')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::registry::v1::ParameterValue;
    use crate::error::FieldProblem;
    use std::collections::BTreeMap;
    use tonic::Code;

    fn rejection(fields: &[&str]) -> ServiceError {
        let problem = |field: &&str| FieldProblem {
            field: (*field).to_owned(),
            description: String::new(),
            position: None,
        };
        ServiceError {
            code: Code::InvalidArgument,
            reason: String::new(),
            message: "too much".to_owned(),
            metadata: BTreeMap::new(),
            fields: fields.iter().map(problem).collect(),
            retry_after: None,
        }
    }

    fn rows() -> Vec<MetricRow> {
        let row = |step, name: &str| MetricRow {
            step,
            values: BTreeMap::from([(name.to_owned(), 0.5)]),
            ..Default::default()
        };
        vec![row(0, "loss"), row(1, "new"), row(2, "loss")]
    }

    fn steps(rows: &[MetricRow]) -> Vec<i64> {
        rows.iter().map(|row| row.step).collect()
    }

    #[test]
    fn rows_that_are_named_are_left_out_else_new_metrics_else_all() {
        let known = HashSet::from(["loss".to_owned()]);
        let named = thinned_out(&rows(), &rejection(&["rows[0].step"]), &known);
        assert_eq!(steps(&named), [1, 2]);
        let unnamed = thinned_out(&rows(), &rejection(&[]), &known);
        assert_eq!(steps(&unnamed), [0, 2]);
        assert_eq!(thinned_out(&unnamed, &rejection(&[]), &known), []);
    }

    #[test]
    fn an_end_loses_rows_then_config_then_its_outcome() {
        let known = HashSet::new();
        let config = BTreeMap::from([("a".to_owned(), ParameterValue::default())]);
        let end = FinishRunRequest {
            rows: rows(),
            config,
            outcome: Some(Outcome::Succeeded.message()),
            ..Default::default()
        };
        let error = rejection(&[]);
        let rest = reduced_end(&end, &error, &known).expect("without rows");
        assert!(rest.rows.is_empty() && !rest.config.is_empty());
        let rest = reduced_end(&rest, &error, &known).expect("without a config");
        assert!(rest.config.is_empty());
        let rest = reduced_end(&rest, &error, &known).expect("as a failure");
        assert!(matches!(rest.outcome, Some(Sent::Failed(_))));
        assert_eq!(reduced_end(&rest, &error, &known), None);
    }
}
