package wanllmdb

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
)

// ErrClosed is wrapped by the errors of calls of a client that was closed.
var ErrClosed = errors.New("wanllmdb: the client was closed")

// Error is how a call to a service failed.
//
// Test for a reason with errors.Is(err, wanllmdb.SweepNotFound), and read the fields with
// errors.As. status.Code and status.FromError of gRPC work, too.
type Error struct {
	// Code is the status code.
	Code codes.Code
	// Reason is why, if the service gave a reason.
	Reason Reason
	// Message is for people.
	Message string
	// Metadata belongs to the reason: the enum ErrorReason of the API lists it.
	Metadata map[string]string
	// Fields are the fields of the request that are invalid.
	Fields []FieldProblem
	// RetryAfter is when an overloaded service accepts the request again; nil if it does not say.
	RetryAfter *time.Duration

	status *status.Status
}

// FieldProblem is what is wrong with one field of a request, or with one place of a config.
type FieldProblem struct {
	// Field is the path of the field: "rows[0].step", or "parameters.lr.min" of a config.
	Field string
	// Description says what is wrong.
	Description string
	// Line and Column are where the problem is in a config as text, from 1; 0 for no single place.
	Line, Column int
}

// NewError returns the error of a failed call. Details that do not parse count as absent.
func NewError(st *status.Status) *Error {
	e := &Error{Code: st.Code(), Message: st.Message(), status: st}
	var positions []*registryv1.TextPosition
	for _, detail := range st.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			e.Reason, e.Metadata = Reason(detail.GetReason()), detail.GetMetadata()
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				e.Fields = append(e.Fields, FieldProblem{
					Field: violation.GetField(), Description: violation.GetDescription(),
				})
			}
		case *errdetails.RetryInfo:
			delay := detail.GetRetryDelay().AsDuration()
			e.RetryAfter = &delay
		case *registryv1.ProblemPositions:
			positions = detail.GetPositions()
		}
	}
	for i, position := range positions[:min(len(positions), len(e.Fields))] {
		e.Fields[i].Line, e.Fields[i].Column = int(position.GetLine()), int(position.GetColumn())
	}
	return e
}

// Error returns the message, which names the fields that are at fault.
func (e *Error) Error() string { return e.Message }

// Is reports whether the target is the reason of the error.
func (e *Error) Is(target error) bool {
	reason, ok := target.(Reason)
	return ok && reason != "" && reason == e.Reason
}

// GRPCStatus returns the status, for the functions of google.golang.org/grpc/status.
func (e *Error) GRPCStatus() *status.Status { return e.status }

// MayPass reports whether the same request may succeed later, so that an agent waits: the service
// is unavailable, did not answer in time, or asks for a pause.
func (e *Error) MayPass() bool {
	switch e.Code {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded:
		return true
	case codes.ResourceExhausted:
		// Without a delay the message is too large, now and later.
		return e.RetryAfter != nil
	default:
		return false
	}
}

// EndsRun reports whether the error means that a run is no longer its agent's.
func (e *Error) EndsRun() bool {
	return e.Code == codes.NotFound || e.Code == codes.FailedPrecondition &&
		(e.Reason == RunNotRunning || e.Reason == RunLeaseLost)
}

// InvalidError is what a client rejects before any call: a setting, a value, a search space.
type InvalidError struct {
	// What is at fault: a variable of the environment, an option, the path of a value.
	What string
	// Problem says what is wrong, and what to do.
	Problem string
}

// Error returns what is at fault, and why.
func (e *InvalidError) Error() string { return "wanllmdb: " + e.What + " " + e.Problem }

func invalid(what, format string, args ...any) *InvalidError {
	return &InvalidError{what, fmt.Sprintf(format, args...)}
}

// NoRunError is returned in a process that no command agent has given a run.
type NoRunError struct {
	// Problem says what the environment lacks.
	Problem string
}

// Error returns what the environment lacks.
func (e *NoRunError) Error() string { return "wanllmdb: no run: " + e.Problem }

// GaveUpError is returned by an agent whose runs fail.
type GaveUpError struct {
	// Why the agent gave up: how many runs failed.
	Why string
	// Last is the error of the last run.
	Last error
}

// Error returns why, with the error of the last run.
func (e *GaveUpError) Error() string {
	return fmt.Sprintf("wanllmdb: the agent gives up: %s, the last one with: %v", e.Why, e.Last)
}

// Unwrap returns the error of the last run.
func (e *GaveUpError) Unwrap() error { return e.Last }

// mayPass reports whether an agent waits after an error.
func mayPass(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.MayPass()
}

// endsRun reports whether an error means that the run is lost.
func endsRun(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.EndsRun()
}

func codeOf(err error) codes.Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return codes.Unknown
}
