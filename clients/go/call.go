package wanllmdb

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	suggestionv1 "github.com/wanllmdb/sweeps/clients/go/api/suggestion/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// call is one request, and how it is sent.
type call struct {
	method   string
	rpc      string
	sweepID  string
	deadline time.Duration
	// waits is whether it waits for a connection to a service that has answered before.
	waits bool
}

// deadlineOption replaces the deadline of a call.
type deadlineOption struct {
	grpc.EmptyCallOption
	deadline time.Duration
}

func within(d time.Duration) grpc.CallOption { return deadlineOption{deadline: d} }

// callOf returns how a request is sent.
func callOf(method string, request any, given []grpc.CallOption) call {
	c := call{
		method:   method,
		rpc:      method[strings.LastIndex(method, "/")+1:],
		deadline: protocol.CallDeadline,
		waits:    true,
	}
	if has, ok := request.(interface{ GetSweepId() string }); ok {
		c.sweepID = has.GetSweepId()
	}
	switch request := request.(type) {
	case *registryv1.ImportRunsRequest:
		c.deadline = protocol.ImportDeadline
	case *registryv1.CreateSweepRequest:
		if request.GetPriorRunSource() != nil {
			c.deadline = protocol.ImportDeadline
		}
	case *suggestionv1.ShouldStopRequest:
		c.waits = false
	case *suggestionv1.SuggestRequest:
		c.waits = len(request.GetEndedRuns()) == 0
	}
	for _, option := range given {
		if d, ok := option.(deadlineOption); ok {
			c.deadline = d.deadline
		}
	}
	return c
}

// withRequestID returns the request with a new request id, if it takes one and has none. The
// message of the program stays as it is: sent once more, it is another intent.
func withRequestID(request any) any {
	message, ok := request.(proto.Message)
	if !ok {
		return request
	}
	fields := message.ProtoReflect()
	field := fields.Descriptor().Fields().ByName("request_id")
	if field == nil || field.Kind() != protoreflect.StringKind || fields.Get(field).String() != "" {
		return request
	}
	// The copy shares what the message contains, since nothing changes it.
	filled := fields.New()
	fields.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		filled.Set(field, value)
		return true
	})
	filled.SetUnknown(fields.GetUnknown())
	filled.Set(field, protoreflect.ValueOfString(newRequestID()))
	return filled.Interface()
}

// newRequestID returns a random UUID, of version 4.
func newRequestID() string {
	var id [16]byte
	rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// retryAfter returns when an overloaded service accepts a request again, with jitter.
func (e *Error) retryAfter() (time.Duration, bool) {
	if e.RetryAfter == nil || !e.MayPass() {
		return 0, false
	}
	delay := min(*e.RetryAfter, protocol.LongestRetryAfter)
	return jittered(delay, protocol.RetryAfterLeast, protocol.RetryAfterMost), true
}

// jittered returns a duration times a random factor.
func jittered(d time.Duration, least, most float64) time.Duration {
	return time.Duration(float64(d) * (least + (most-least)*mathrand.Float64()))
}

// pause waits; it returns an error when the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
