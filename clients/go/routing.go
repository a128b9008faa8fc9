package wanllmdb

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// routing chooses the replica to which the calls of a sweep go first: all clients choose the same
// one, since two replicas that propose runs for one sweep conflict.
type routing struct {
	replicas []string

	mu        sync.Mutex
	awayUntil map[string]time.Time
}

func newRouting(endpoint Endpoint) *routing {
	replicas := slices.Clone(endpoint.Replicas)
	slices.Sort(replicas)
	replicas = slices.Compact(replicas)
	if endpoint.isTarget || len(replicas) < 2 {
		replicas = nil
	}
	return &routing{replicas: replicas, awayUntil: map[string]time.Time{}}
}

// replicaOf returns the replica of a sweep; empty for any.
func (r *routing) replicaOf(sweepID string) string {
	if sweepID == "" || len(r.replicas) == 0 {
		return ""
	}
	chosen := slices.MaxFunc(r.replicas, func(a, b string) int {
		first, second := weight(a, sweepID), weight(b, sweepID)
		return bytes.Compare(first[:], second[:])
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.awayUntil[chosen]) {
		return ""
	}
	return chosen
}

// markAway records that a replica did not answer.
func (r *routing) markAway(replica string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.awayUntil[replica] = time.Now().Add(protocol.ReplicaPause)
}

func weight(replica, sweepID string) [sha256.Size]byte {
	return sha256.Sum256([]byte(replica + "\x00" + sweepID))
}
