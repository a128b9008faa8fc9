package wanllmdb

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
)

func TestARejectedEndLosesItsRowsThenItsConfigThenItsOutcome(t *testing.T) {
	end := &registryv1.FinishRunRequest{
		Rows: []*registryv1.MetricRow{
			{Step: 0, Values: map[string]float64{"loss": 1, "noise": 2}},
			{Step: 1, Values: map[string]float64{"noise": 2}},
		},
		Config:    map[string]*registryv1.ParameterValue{"a": {}},
		RequestId: newRequestID(),
	}
	outcome{kind: succeeded}.fill(end)
	tooMany := &Error{Code: codes.FailedPrecondition, Message: "too many metrics"}
	known := map[string]bool{"loss": true}
	ids := map[string]bool{end.GetRequestId(): true}
	next := func() {
		t.Helper()
		if end = reducedEnd(end, tooMany, known); end == nil || ids[end.GetRequestId()] {
			t.Fatalf("got %v", end)
		}
		ids[end.GetRequestId()] = true
	}
	next()
	if rows := end.GetRows(); len(rows) != 1 || len(rows[0].GetValues()) != 1 {
		t.Errorf("the rows of known metrics are %v", rows)
	}
	next()
	if len(end.GetRows()) != 0 || len(end.GetConfig()) != 1 {
		t.Errorf("without rows it is %v", end)
	}
	next()
	if len(end.GetConfig()) != 0 || end.GetSucceeded() == nil {
		t.Errorf("without a config it is %v", end)
	}
	next()
	if !strings.Contains(end.GetFailed().GetError().GetMessage(), "too many metrics") {
		t.Errorf("at last it is %v", end)
	}
	if rest := reducedEnd(end, tooMany, known); rest != nil {
		t.Errorf("after that it is %v", rest)
	}
}

func TestOnlyTheRowsThatAnErrorNamesAreLeftOut(t *testing.T) {
	rows := []*registryv1.MetricRow{
		{Step: 0, Values: map[string]float64{"a": 1}},
		{Step: 1, Values: map[string]float64{"a": 1}},
	}
	err := &Error{Code: codes.InvalidArgument, Fields: []FieldProblem{{Field: "rows[0].step"}}}
	if kept := thinnedOut(rows, err, nil); len(kept) != 1 || kept[0].GetStep() != 1 {
		t.Errorf("got %v", kept)
	}
}

func TestAConfigAtFaultCostsNoRows(t *testing.T) {
	end := &registryv1.FinishRunRequest{
		Rows:   []*registryv1.MetricRow{{Values: map[string]float64{"a": 1}}},
		Config: map[string]*registryv1.ParameterValue{"a": {}},
	}
	err := &Error{Code: codes.InvalidArgument, Fields: []FieldProblem{{Field: "config.a"}}}
	if rest := reducedEnd(end, err, nil); len(rest.GetRows()) != 1 || len(rest.GetConfig()) != 0 {
		t.Errorf("got %v", rest)
	}
}
