package wanllmdb

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// urgency is how an agent ends; each level includes the lower ones, and 0 is to go on.
type urgency int

const (
	// drain lets the runs in progress end, and takes no further run.
	drain urgency = iota + 1
	// giveBack stops the runs in progress, and gives them back.
	giveBack
	// leave ends the agent at once.
	leave
)

// shutdown is the urgency that all loops of an agent share. It only increases.
type shutdown struct {
	reached [leave + 1]chan struct{}

	mu    sync.Mutex
	level urgency
	// signal is the first one that came.
	signal os.Signal
}

func newShutdown() *shutdown {
	s := &shutdown{}
	for level := range s.reached {
		s.reached[level] = make(chan struct{})
	}
	return s
}

// demand raises the urgency at least to this level.
func (s *shutdown) demand(level urgency) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.level < level {
		s.level++
		close(s.reached[s.level])
	}
}

func (s *shutdown) is(level urgency) bool {
	select {
	case <-s.reached[level]:
		return true
	default:
		return false
	}
}

// follow gives the runs back when the context ends, and, with signals, does what SIGINT and SIGTERM
// ask for. The function that it returns restores the handling of signals.
func (s *shutdown) follow(ctx context.Context, signals bool) (stop func()) {
	stopFollowing := context.AfterFunc(ctx, func() { s.demand(giveBack) })
	received := make(chan os.Signal, 1+int(leave))
	ended := make(chan struct{})
	if signals {
		for _, each := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
			// A signal that the process ignores, for example under nohup, stays ignored.
			if !signal.Ignored(each) {
				signal.Notify(received, each)
			}
		}
	}
	go func() {
		for interrupts := 0; ; {
			select {
			case <-ended:
				return
			case each := <-received:
				if each == os.Interrupt {
					interrupts++
				}
				s.obey(each, interrupts)
			}
		}
	}()
	return func() {
		stopFollowing()
		signal.Stop(received)
		close(ended)
	}
}

func (s *shutdown) obey(received os.Signal, interrupts int) {
	s.mu.Lock()
	if s.signal == nil {
		s.signal = received
	}
	s.mu.Unlock()
	switch {
	case received != os.Interrupt || interrupts == protocol.InterruptsToGiveBack:
		s.demand(giveBack)
	case interrupts < protocol.InterruptsToGiveBack:
		s.demand(drain)
	default:
		s.demand(leave)
	}
}

// signaled returns the first signal that came; nil for none.
func (s *shutdown) signaled() os.Signal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signal
}
