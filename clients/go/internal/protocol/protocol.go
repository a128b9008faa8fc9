// Package protocol has the constants of clients/PROTOCOL.md, and what follows from them without a
// call. A test compares them with that page, which explains each.
package protocol

import "time"

// Calls and connections.
const (
	CallDeadline          = 30 * time.Second
	ImportDeadline        = 180 * time.Second
	RunCallDeadline       = 10 * time.Second
	MaxReceiveBytes       = 64 << 20
	MaxMetadataBytes      = 64 << 10
	Keepalive             = 30_000 * time.Millisecond
	KeepaliveTimeout      = 10_000 * time.Millisecond
	FirstReconnect        = 300 * time.Millisecond
	LongestReconnect      = 3_000 * time.Millisecond
	ConnectTimeout        = 3_000 * time.Millisecond
	TransportAttempts     = 5
	TransportFirstPause   = 200 * time.Millisecond
	TransportLongestPause = 2 * time.Second
	TransportFactor       = 2
	ShouldStopAttempts    = 2
	ShouldStopPause       = 50 * time.Millisecond
	MaxResends            = 4
	LongestRetryAfter     = 10 * time.Second
	RetryAfterLeast       = 1.0
	RetryAfterMost        = 1.2
	StreamFirstPause      = 200 * time.Millisecond
	StreamLongestPause    = 5 * time.Second
	StreamLeast           = 0.8
	StreamMost            = 1.2
	ReplicaPause          = 10 * time.Second
)

// Agents that wait.
const (
	Patience           = 600 * time.Second
	FirstPatience      = 5 * time.Second
	OutageFirstPause   = 250 * time.Millisecond
	OutageLongestPause = 5 * time.Second
	PollFirstPause     = 250 * time.Millisecond
	PollLongestPause   = 2 * time.Second
	StayLongestPause   = 5 * time.Second
	MaxBroughtBytes    = 256 << 10
	IdleEnd            = 10 * time.Second
)

// Leases, metrics and checks of a run.
const (
	HeartbeatsALease        = 3
	HeartbeatShortestPause  = 200 * time.Millisecond
	HeartbeatLongestPause   = 5 * time.Second
	HeartbeatDeadline       = 10 * time.Second
	HeartbeatFailurePause   = time.Second
	FlushPause              = 200 * time.Millisecond
	FlushValues             = 1_000
	ReportMaxValues         = 5_000
	ReportMaxBytes          = 1 << 20
	ReportFailurePause      = time.Second
	Silence                 = time.Second
	SilenceDeadline         = 2 * time.Second
	CheckDeadline           = 5 * time.Second
	CheckFirstPause         = 500 * time.Millisecond
	CheckLongestPause       = 5 * time.Second
	MaxMessageCharacters    = 4_096
	MaxTracebackCharacters  = 65_536
	MaxMetricNameCharacters = 200
	ConfigMaxEntries        = 1_000
	ConfigMaxBytes          = 256 << 10
)

// Giving up, and signals.
const (
	MaxQuickFailures     = 3
	QuickWindow          = 60 * time.Second
	MaxInitialFailures   = 5
	InterruptsToGiveBack = 2
)

// HeartbeatPause returns the time between two heartbeats of a lease of this length.
func HeartbeatPause(lease time.Duration) time.Duration {
	return min(max(lease/HeartbeatsALease, HeartbeatShortestPause), HeartbeatLongestPause)
}

// Backoff is a pause that doubles up to a longest one. Its zero value is of no use.
type Backoff struct {
	next, longest time.Duration
}

// Growing returns pauses that grow from the first one to the longest one.
func Growing(first, longest time.Duration) Backoff {
	return Backoff{first, longest}
}

// Next returns the next pause.
func (b *Backoff) Next() time.Duration {
	pause := min(b.next, b.longest)
	b.next = pause * 2
	return pause
}

// Limit sets the longest pause.
func (b *Backoff) Limit(longest time.Duration) {
	b.longest = longest
}
