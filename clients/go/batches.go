package wanllmdb

import (
	"google.golang.org/protobuf/proto"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

const (
	bytesARow   = 32
	bytesAValue = 16
	// valuesAPiece values always fit one request: a name has at most 800 bytes.
	valuesAPiece = 1_000
)

// batch collects rows as long as they fit one request.
type batch struct {
	rows          []*registryv1.MetricRow
	values, bytes int
}

// add adds a row if it fits.
func (b *batch) add(row *registryv1.MetricRow) bool {
	values, bytes := len(row.GetValues()), sizeOf(row)
	if len(b.rows) > 0 && (b.values+values > protocol.ReportMaxValues ||
		b.bytes+bytes > protocol.ReportMaxBytes) {
		return false
	}
	b.rows = append(b.rows, row)
	b.values += values
	b.bytes += bytes
	return true
}

// batches splits rows into those that each fit one request.
func batches(rows []*registryv1.MetricRow) [][]*registryv1.MetricRow {
	var found [][]*registryv1.MetricRow
	var current batch
	for _, row := range rows {
		for _, piece := range pieces(row) {
			if !current.add(piece) {
				found = append(found, current.rows)
				current = batch{}
				current.add(piece)
			}
		}
	}
	if len(current.rows) > 0 {
		found = append(found, current.rows)
	}
	return found
}

// pieces returns the row if it fits one request, else smaller rows of the same step.
func pieces(row *registryv1.MetricRow) []*registryv1.MetricRow {
	if len(row.GetValues()) <= protocol.ReportMaxValues && sizeOf(row) <= protocol.ReportMaxBytes {
		return []*registryv1.MetricRow{row}
	}
	var found []*registryv1.MetricRow
	for name, value := range row.GetValues() {
		if len(found) == 0 || len(found[len(found)-1].Values) == valuesAPiece {
			piece := &registryv1.MetricRow{
				Step: row.GetStep(), Time: row.GetTime(), IsSummary: row.GetIsSummary(),
				Values: make(map[string]float64, valuesAPiece),
			}
			found = append(found, piece)
		}
		found[len(found)-1].Values[name] = value
	}
	return found
}

// sizeOf returns the approximate number of bytes of a row.
func sizeOf(row *registryv1.MetricRow) int {
	size := bytesARow
	for name := range row.GetValues() {
		size += bytesAValue + len(name)
	}
	return size
}

// withoutValues returns the rows with the values that are kept, without rows that have none.
func withoutValues(
	rows []*registryv1.MetricRow, keeps func(index int, name string) bool,
) []*registryv1.MetricRow {
	var found []*registryv1.MetricRow
	for i, row := range rows {
		rest := proto.CloneOf(row)
		for name := range row.GetValues() {
			if !keeps(i, name) {
				delete(rest.Values, name)
			}
		}
		if len(rest.Values) > 0 {
			found = append(found, rest)
		}
	}
	return found
}

func countOf(rows []*registryv1.MetricRow) int {
	count := 0
	for _, row := range rows {
		count += len(row.GetValues())
	}
	return count
}
