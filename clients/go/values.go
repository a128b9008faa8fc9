package wanllmdb

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/structpb"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
)

// NewValue returns the typed message of a native value: nil, a truth value, an integer, a
// floating-point number, a string, a slice, or a map with strings as keys. Integers stay integers,
// and 1.0 is a float. An *InvalidError names what can't be sent: NaN, infinities, integers beyond
// 64 bits, strings that are not UTF-8, and other types.
func NewValue(value any) (*registryv1.ParameterValue, error) {
	return newValue(value, "value")
}

// Value returns the native value of a message: nil, bool, int64, float64, string, []any or
// map[string]any; within the last two, an integer beyond 64 bits is a json.Number.
func Value(message *registryv1.ParameterValue) (any, error) {
	switch kind := message.GetKind().(type) {
	case *registryv1.ParameterValue_DoubleValue:
		return kind.DoubleValue, nil
	case *registryv1.ParameterValue_IntValue:
		return kind.IntValue, nil
	case *registryv1.ParameterValue_StringValue:
		return kind.StringValue, nil
	case *registryv1.ParameterValue_BoolValue:
		return kind.BoolValue, nil
	case *registryv1.ParameterValue_JsonValue:
		return readJSON(kind.JsonValue)
	default:
		return nil, nil
	}
}

// Parameters returns the parameters of a run by name as programs get them: the parameter "a/b" of a
// group is "b" within the map "a".
func Parameters(run *registryv1.Run) (map[string]any, error) {
	nested := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(run.GetParameters())) {
		value, err := Value(run.GetParameters()[name])
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		groups := strings.Split(name, "/")
		inner := nested
		for _, group := range groups[:len(groups)-1] {
			below, ok := inner[group].(map[string]any)
			if !ok {
				below = map[string]any{}
				inner[group] = below
			}
			inner = below
		}
		inner[groups[len(groups)-1]] = value
	}
	return nested, nil
}

func newValue(value any, path string) (*registryv1.ParameterValue, error) {
	plain, err := plainValue(reflect.ValueOf(value), path, 0)
	if err != nil {
		return nil, err
	}
	message := &registryv1.ParameterValue{}
	switch plain := plain.(type) {
	case nil:
		message.Kind = &registryv1.ParameterValue_NullValue{NullValue: structpb.NullValue_NULL_VALUE}
	case bool:
		message.Kind = &registryv1.ParameterValue_BoolValue{BoolValue: plain}
	case int64:
		message.Kind = &registryv1.ParameterValue_IntValue{IntValue: plain}
	case float64:
		message.Kind = &registryv1.ParameterValue_DoubleValue{DoubleValue: plain}
	case string:
		message.Kind = &registryv1.ParameterValue_StringValue{StringValue: plain}
	default:
		message.Kind = &registryv1.ParameterValue_JsonValue{JsonValue: writeJSON(plain)}
	}
	return message, nil
}

func newValues(values map[string]any, path string) (map[string]*registryv1.ParameterValue, error) {
	messages := make(map[string]*registryv1.ParameterValue, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		message, err := newValue(values[name], path+"."+name)
		if err != nil {
			return nil, err
		}
		messages[name] = message
	}
	return messages, nil
}

// maxDepth is how deep slices and maps may be nested; the services accept less.
const maxDepth = 100

// plainValue returns a value as nil, bool, int64, float64, string, []any or map[string]any.
func plainValue(value reflect.Value, path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, invalid(path, "lies more than %d levels deep", maxDepth)
	}
	switch value.Kind() {
	case reflect.Invalid:
		return nil, nil
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() {
			return nil, nil
		}
		return plainValue(value.Elem(), path, depth+1)
	case reflect.Bool:
		return value.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return value.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if value.Uint() > math.MaxInt64 {
			return nil, invalid(path, "is %d, which does not fit into a signed integer of 64 bits",
				value.Uint())
		}
		return int64(value.Uint()), nil
	case reflect.Float32, reflect.Float64:
		if number := value.Float(); !math.IsNaN(number) && !math.IsInf(number, 0) {
			return number, nil
		}
		return nil, invalid(path, "is %v: only finite numbers can be sent", value.Float())
	case reflect.String:
		return plainText(value.String(), path)
	case reflect.Slice, reflect.Array:
		return plainList(value, path, depth)
	case reflect.Map:
		return plainMap(value, path, depth)
	default:
		return nil, invalid(path, "is a %s: only nil, numbers, strings, truth values, slices and maps "+
			"can be sent", value.Type())
	}
}

func plainText(text, path string) (string, error) {
	if !utf8.ValidString(text) {
		return "", invalid(path, "is not valid UTF-8")
	}
	return text, nil
}

func plainList(value reflect.Value, path string, depth int) (any, error) {
	items := make([]any, value.Len())
	for i := range items {
		item, err := plainValue(value.Index(i), fmt.Sprintf("%s[%d]", path, i), depth+1)
		if err != nil {
			return nil, err
		}
		items[i] = item
	}
	return items, nil
}

func plainMap(value reflect.Value, path string, depth int) (any, error) {
	entries := make(map[string]any, value.Len())
	for each := value.MapRange(); each.Next(); {
		if each.Key().Kind() != reflect.String {
			return nil, invalid(path, "has keys of the type %s: only strings can be sent",
				value.Type().Key())
		}
		key, err := plainText(each.Key().String(), path)
		if err != nil {
			return nil, err
		}
		if entries[key], err = plainValue(each.Value(), path+"."+key, depth+1); err != nil {
			return nil, err
		}
	}
	return entries, nil
}
