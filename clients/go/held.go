package wanllmdb

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
)

// maxHeldBytes is how much the rows of a run may take that wait for the registry. The oldest rows
// beyond it are left out: training goes on, however long an outage lasts.
const maxHeldBytes = 16 << 20

// held has the rows that wait to be sent, in their order. It is not safe for concurrent use.
type held struct {
	rows []*registryv1.MetricRow
	// byKey has the rows to which later values of their step are added.
	byKey         map[rowKey]*registryv1.MetricRow
	values, bytes int
	// summaries counts rows of final values, and lastIsSummary is whether the last row is one.
	summaries     int
	lastIsSummary bool
}

type rowKey struct {
	step      int64
	isSummary bool
}

func keyOf(row *registryv1.MetricRow) rowKey { return rowKey{row.GetStep(), row.GetIsSummary()} }

// add adds values of one step; later values of a name replace earlier ones.
func (h *held) add(key rowKey, values map[string]float64) {
	if key.isSummary != h.lastIsSummary {
		// Of a final value and a logged one the later counts, so they keep their order.
		clear(h.byKey)
		h.lastIsSummary = key.isSummary
	}
	row := h.byKey[key]
	if row == nil {
		row = &registryv1.MetricRow{
			Step: key.step, IsSummary: key.isSummary, Time: timestamppb.Now(),
			Values: make(map[string]float64, len(values)),
		}
		h.rows = append(h.rows, row)
		h.remember(row)
		h.count(row, 1)
	}
	for name, value := range values {
		if _, there := row.Values[name]; !there {
			h.values++
			h.bytes += bytesAValue + len(name)
		}
		row.Values[name] = value
	}
}

// leaveOut drops the oldest rows beyond a number of bytes; it returns how many these were.
func (h *held) leaveOut(maxBytes int) int {
	dropped := 0
	for h.bytes > maxBytes && len(h.rows) > 1 {
		h.removeFirst()
		dropped++
	}
	return dropped
}

// take returns the oldest rows that fit one request, which are now the caller's.
func (h *held) take() []*registryv1.MetricRow {
	var taken batch
	for len(h.rows) > 0 {
		row := h.rows[0]
		if parts := pieces(row); len(parts) > 1 {
			// The parts become rows of their own, of which only the last one takes more values.
			h.count(row, -1)
			for _, part := range parts {
				h.count(part, 1)
			}
			h.rows = slices.Replace(h.rows, 0, 1, parts...)
			if h.byKey[keyOf(row)] == row {
				h.remember(parts[len(parts)-1])
			}
			continue
		}
		if !taken.add(row) {
			break
		}
		h.removeFirst()
	}
	return taken.rows
}

// putBack puts rows before the later ones; of one step, later values win.
func (h *held) putBack(earlier []*registryv1.MetricRow) {
	isPlain := h.summaries == 0 && !slices.ContainsFunc(earlier, (*registryv1.MetricRow).GetIsSummary)
	seen := map[rowKey]bool{}
	for _, row := range slices.Backward(earlier) {
		key := keyOf(row)
		later := h.byKey[key]
		switch {
		case seen[key]:
		case later == nil && isPlain:
			h.remember(row)
		case later != nil && isPlain:
			h.count(later, -1)
			h.rows = slices.DeleteFunc(h.rows, func(each *registryv1.MetricRow) bool {
				return each == later
			})
			maps.Copy(row.Values, later.GetValues())
			h.remember(row)
		}
		seen[key] = true
		h.count(row, 1)
	}
	h.rows = slices.Concat(earlier, h.rows)
}

// takeAll returns all rows, and holds none.
func (h *held) takeAll() []*registryv1.MetricRow {
	rows := h.rows
	*h = held{}
	return rows
}

func (h *held) remember(row *registryv1.MetricRow) {
	if h.byKey == nil {
		h.byKey = map[rowKey]*registryv1.MetricRow{}
	}
	h.byKey[keyOf(row)] = row
}

func (h *held) removeFirst() {
	row := h.rows[0]
	h.rows[0] = nil // the row can be freed before the list is
	h.rows = h.rows[1:]
	h.count(row, -1)
	if key := keyOf(row); h.byKey[key] == row {
		delete(h.byKey, key)
	}
}

// count adds a row to the numbers, or subtracts it.
func (h *held) count(row *registryv1.MetricRow, sign int) {
	h.values += sign * len(row.GetValues())
	h.bytes += sign * sizeOf(row)
	if row.GetIsSummary() {
		h.summaries += sign
	}
}
