package wanllmdb

import (
	"fmt"
	"time"

	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// Failures is how many failed runs an agent accepts. 0 turns a limit off.
type Failures struct {
	// MaxQuick is how many runs in a row may fail within Quick.
	MaxQuick int
	Quick    time.Duration
	// MaxInitial is how many runs may fail before the first one that does not.
	MaxInitial int
}

// failures returns the limits of the environment, else the defaults.
func (o options) failures() (Failures, error) {
	limits := Failures{
		protocol.MaxQuickFailures, protocol.QuickWindow, protocol.MaxInitialFailures,
	}
	maxQuick, err := o.number("WANLLMDB_AGENT_MAX_QUICK_FAILURES", "a number of runs")
	if err != nil {
		return limits, err
	}
	quick, err := o.seconds("WANLLMDB_AGENT_QUICK_SECONDS", "a number of seconds")
	if err != nil {
		return limits, err
	}
	maxInitial, err := o.number("WANLLMDB_AGENT_MAX_INITIAL_FAILURES", "a number of runs")
	if err != nil {
		return limits, err
	}
	if maxQuick != nil {
		limits.MaxQuick = int(*maxQuick)
	}
	if quick != nil {
		limits.Quick = *quick
	}
	if maxInitial != nil {
		limits.MaxInitial = int(*maxInitial)
	}
	if o.flagged("WANLLMDB_AGENT_NEVER_GIVE_UP") {
		return Failures{}, nil
	}
	return limits, nil
}

// failureCounter counts failed runs against the limits.
type failureCounter struct {
	limits Failures
	now    func() time.Time

	latest    []time.Time
	initial   int
	succeeded bool
}

// passed counts a run that did not fail.
func (c *failureCounter) passed() {
	c.succeeded = true
	c.latest = nil
}

// failed counts a failed run; it returns why the agent must give up, or nothing.
func (c *failureCounter) failed() string {
	if c.limits.MaxQuick > 0 {
		now := c.now()
		c.latest = append(c.latest, now)
		if excess := len(c.latest) - c.limits.MaxQuick; excess >= 0 {
			c.latest = c.latest[excess:]
			if now.Sub(c.latest[0]) <= c.limits.Quick {
				return fmt.Sprintf("%d runs in a row failed within %v",
					c.limits.MaxQuick, c.limits.Quick)
			}
		}
	}
	if !c.succeeded {
		c.initial++
		if c.initial == c.limits.MaxInitial {
			return fmt.Sprintf("the first %d runs all failed", c.initial)
		}
	}
	return ""
}
