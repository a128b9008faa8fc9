package wanllmdb

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// readJSON returns the value of a text. Numbers with a point or an exponent are float64, others
// int64, and integers beyond 64 bits json.Number.
func readJSON(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("%q is no JSON: %w", text, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fmt.Errorf("%q is more than one value of JSON", text)
	}
	return withNumbers(value)
}

// withNumbers replaces the numbers within a value by int64 and float64.
func withNumbers(value any) (any, error) {
	var err error
	switch value := value.(type) {
	case json.Number:
		if strings.ContainsAny(value.String(), ".eE") {
			return value.Float64()
		}
		if number, err := value.Int64(); err == nil {
			return number, nil
		}
	case []any:
		for i := range value {
			if value[i], err = withNumbers(value[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key := range value {
			if value[key], err = withNumbers(value[key]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

// writeJSON returns a plain value as text in which 1.0 stays a float; encoding/json writes 1.
func writeJSON(value any) string {
	switch value := value.(type) {
	case int64:
		return strconv.FormatInt(value, 10)
	case float64:
		text := strconv.FormatFloat(value, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return text
	case []any:
		items := make([]string, len(value))
		for i, item := range value {
			items[i] = writeJSON(item)
		}
		return "[" + strings.Join(items, ",") + "]"
	case map[string]any:
		var entries []string
		for _, key := range slices.Sorted(maps.Keys(value)) {
			entries = append(entries, writeJSON(key)+":"+writeJSON(value[key]))
		}
		return "{" + strings.Join(entries, ",") + "}"
	default:
		// Texts, truth values and nil can always be written.
		text, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		return string(text)
	}
}
