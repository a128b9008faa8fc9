package wanllmdb

import (
	"context"
	"log/slog"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestSignalsEndAnAgentStepByStep(t *testing.T) {
	s := newShutdown()
	for interrupts, want := range []urgency{drain, giveBack, leave} {
		s.obey(os.Interrupt, interrupts+1)
		for level := drain; level <= leave; level++ {
			if s.is(level) != (level <= want) {
				t.Errorf("after %d interrupts, level %d is %v", interrupts+1, level, s.is(level))
			}
		}
	}
	s = newShutdown()
	s.obey(syscall.SIGTERM, 0)
	if !s.is(giveBack) || s.is(leave) || s.signaled() != syscall.SIGTERM {
		t.Error("SIGTERM does not give the runs back")
	}
}

func TestAWaitEndsWithThePatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := waiter{slog.New(slog.DiscardHandler), 10 * time.Second, nil}
		away := NewError(status.New(codes.Unavailable, "not now"))
		calls := 0
		began := time.Now()
		err := w.retry(t.Context(), func() error { calls++; return away })
		// After 0.25, 0.75, 1.75, 3.75, 7.75 and 12.75 s.
		if err != away || calls != 7 || time.Since(began) != 12_750*time.Millisecond {
			t.Errorf("got %v after %d calls and %v", err, calls, time.Since(began))
		}
		calls = 0
		err = w.retry(t.Context(), func() error {
			if calls++; calls < 3 {
				return away
			}
			return nil
		})
		if err != nil || calls != 3 {
			t.Errorf("got %v after %d calls", err, calls)
		}
	})
}

func TestAWaitEndsWithTheShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShutdown()
		w := waiter{slog.New(slog.DiscardHandler), time.Hour, s.reached[giveBack]}
		time.AfterFunc(time.Minute, func() { s.demand(giveBack) })
		began := time.Now()
		away := NewError(status.New(codes.Unavailable, "not now"))
		if err := w.retry(t.Context(), func() error { return away }); err != away {
			t.Errorf("got %v", err)
		}
		if time.Since(began) != time.Minute {
			t.Errorf("the wait took %v", time.Since(began))
		}
	})
}

func TestTheEndOfAContextGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShutdown()
		ctx, cancel := context.WithCancel(t.Context())
		defer s.follow(ctx, false)()
		cancel()
		<-s.reached[giveBack]
	})
}
