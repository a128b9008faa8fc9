package wanllmdb

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
)

var namedRow = regexp.MustCompile(`^rows\[(\d+)\]`)

// rejectsContent reports whether an error is about what a request contains, and does not end the
// run.
func (e *Error) rejectsContent() bool {
	switch e.Code {
	case codes.InvalidArgument, codes.OutOfRange:
		return true
	case codes.ResourceExhausted:
		return e.RetryAfter == nil
	case codes.FailedPrecondition:
		return !e.EndsRun()
	default:
		return false
	}
}

// reducedReport returns a report with fewer values and another id; nil if none are left.
func reducedReport(
	request *registryv1.ReportMetricsRequest, err *Error, known map[string]bool,
) *registryv1.ReportMetricsRequest {
	rows := thinnedOut(request.GetRows(), err, known)
	if len(rows) == 0 {
		return nil
	}
	rest := proto.CloneOf(request)
	rest.Rows, rest.RequestId = rows, newRequestID()
	return rest
}

// reducedEnd returns an end with less content and another id: first without the rows at fault, then
// without the config, then as a failure with the registry's reason; nil if that is rejected, too.
func reducedEnd(
	end *registryv1.FinishRunRequest, err *Error, known map[string]bool,
) *registryv1.FinishRunRequest {
	rest := proto.CloneOf(end)
	rest.RequestId = newRequestID()
	isOfConfig := len(err.Fields) > 0 && !slices.ContainsFunc(err.Fields, func(f FieldProblem) bool {
		return !strings.HasPrefix(f.Field, "config")
	})
	switch {
	case len(rest.Rows) > 0 && !isOfConfig:
		rest.Rows = thinnedOut(rest.Rows, err, known)
		return rest
	case len(rest.Config) > 0:
		rest.Config = nil
		return rest
	}
	message := cutMessage(fmt.Sprintf("the registry rejected the run's end: %.1000s", err.Message))
	if rest.GetFailed().GetError().GetMessage() == message {
		return nil
	}
	outcome{kind: failed, message: message}.fill(rest)
	return rest
}

// thinnedOut leaves out the rows that an error names, else the metrics that the registry has not
// accepted before, else all rows.
func thinnedOut(
	rows []*registryv1.MetricRow, err *Error, known map[string]bool,
) []*registryv1.MetricRow {
	named := map[int]bool{}
	for _, problem := range err.Fields {
		if found := namedRow.FindStringSubmatch(problem.Field); found != nil {
			if index, err := strconv.Atoi(found[1]); err == nil {
				named[index] = true
			}
		}
	}
	kept := withoutValues(rows, func(index int, name string) bool {
		if len(named) > 0 {
			return !named[index]
		}
		return known[name]
	})
	if countOf(kept) == countOf(rows) {
		// The rows that were left out before were not at fault.
		return nil
	}
	return kept
}
