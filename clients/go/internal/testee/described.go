package main

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
)

// description is a native value as JSON that says its type, since JSON alone loses 1.0.
type description struct {
	Type    string                 `json:"type"`
	Value   json.RawMessage        `json:"value,omitempty"`
	Items   []description          `json:"items,omitempty"`
	Entries map[string]description `json:"entries,omitempty"`
}

// described returns the description of a native value.
func described(value any) object {
	switch value := value.(type) {
	case nil:
		return object{"type": "null"}
	case bool:
		return object{"type": "bool", "value": value}
	case int64:
		return object{"type": "int", "value": strconv.FormatInt(value, 10)}
	case float64:
		return object{"type": "float", "value": value}
	case string:
		return object{"type": "string", "value": value}
	case []any:
		items := []object{}
		for _, item := range value {
			items = append(items, described(item))
		}
		return object{"type": "list", "items": items}
	case map[string]any:
		entries := object{}
		for key, inner := range value {
			entries[key] = described(inner)
		}
		return object{"type": "map", "entries": entries}
	default:
		panic(fmt.Sprintf("no native value: %T", value))
	}
}

// native returns the native value that a description stands for.
func (d description) native() any {
	switch d.Type {
	case "null":
		return nil
	case "bool":
		return read[bool](d.Value)
	case "int":
		return integer(read[string](d.Value))
	case "float":
		return number(d.Value)
	case "string":
		return read[string](d.Value)
	case "list":
		items := []any{}
		for _, item := range d.Items {
			items = append(items, item.native())
		}
		return items
	case "map":
		entries := map[string]any{}
		for key, inner := range d.Entries {
			entries[key] = inner.native()
		}
		return entries
	default:
		panic("unknown type " + d.Type)
	}
}

// integer returns the smallest of Go's types for an integer in decimal.
func integer(text string) any {
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		return whole
	}
	if whole, err := strconv.ParseUint(text, 10, 64); err == nil {
		return whole
	}
	whole, ok := new(big.Int).SetString(text, 10)
	if !ok {
		panic("no integer: " + text)
	}
	return whole
}

// number returns a number of JSON, or one that JSON lacks and that is a text.
func number(value json.RawMessage) float64 {
	if value[0] != '"' {
		return read[float64](value)
	}
	found, err := strconv.ParseFloat(read[string](value), 64)
	check(err)
	return found
}

func read[T any](value json.RawMessage) T {
	var found T
	check(json.Unmarshal(value, &found))
	return found
}

func natives(descriptions []description) []any {
	values := []any{}
	for _, each := range descriptions {
		values = append(values, each.native())
	}
	return values
}

func nativesByName(descriptions map[string]description) map[string]any {
	values := map[string]any{}
	for name, each := range descriptions {
		values[name] = each.native()
	}
	return values
}
