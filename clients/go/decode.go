package wanllmdb

import (
	"fmt"
	"math"
	"reflect"
	"strings"
)

// Decode fills a struct with the run's parameters.
//
// The tag `sweep:"lr"` names the parameter of a field; fields without a tag are left alone. A group
// is a struct within the struct. Integers fit integers and floating-point numbers, and the latter
// only floating-point numbers. A parameter that the run does not have, or that is null, leaves a
// pointer, slice, map or any nil; for a field of another type it is an error, unless the tag says
// so: `sweep:"momentum,optional"`.
func (r *Run) Decode(into any) error { return Decode(r.parameters, into) }

// Decode fills a struct with parameters, as Run.Decode does.
func Decode(parameters map[string]any, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		return invalid("Decode", "needs a pointer to a struct, not %T", into)
	}
	return decodeStruct(parameters, target.Elem(), "")
}

func decodeStruct(parameters map[string]any, target reflect.Value, path string) error {
	for field, value := range target.Fields() {
		tag, ok := field.Tag.Lookup("sweep")
		if !ok {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		if !field.IsExported() {
			return invalid("the field "+field.Name, "has the tag %q, and must be exported", tag)
		}
		given, ok := parameters[name]
		if !ok && option == "optional" {
			continue
		}
		if !ok && !canBeNil(value) {
			return invalid("the parameter "+path+name, "is not in this run: write "+
				"`sweep:%q` if it may be absent", name+",optional")
		}
		if err := decodeValue(given, value, path+name); err != nil {
			return err
		}
	}
	return nil
}

func canBeNil(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return true
	default:
		return false
	}
}

func decodeValue(given any, target reflect.Value, path string) error {
	if given == nil && canBeNil(target) {
		target.SetZero()
		return nil
	}
	fits := false
	switch target.Kind() {
	case reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		return decodeValue(given, target.Elem(), path)
	case reflect.Interface:
		if fits = target.NumMethod() == 0; fits {
			target.Set(reflect.ValueOf(given))
		}
	case reflect.Bool:
		var value bool
		if value, fits = given.(bool); fits {
			target.SetBool(value)
		}
	case reflect.String:
		var value string
		if value, fits = given.(string); fits {
			target.SetString(value)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		var value int64
		value, fits = given.(int64)
		if fits = fits && !target.OverflowInt(value); fits {
			target.SetInt(value)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		var value int64
		value, fits = given.(int64)
		if fits = fits && value >= 0 && !target.OverflowUint(uint64(value)); fits {
			target.SetUint(uint64(value))
		}
	case reflect.Float32, reflect.Float64:
		var value float64
		if value, fits = asFloat(given); fits {
			target.SetFloat(value)
		}
	case reflect.Slice:
		return decodeSlice(given, target, path)
	case reflect.Map:
		return decodeMap(given, target, path)
	case reflect.Struct:
		var group map[string]any
		if group, fits = given.(map[string]any); fits {
			return decodeStruct(group, target, path+"/")
		}
	default:
	}
	if !fits {
		return mismatch(given, target, path)
	}
	return nil
}

// asFloat returns a floating-point number, or an integer that is exactly one.
func asFloat(given any) (float64, bool) {
	switch given := given.(type) {
	case float64:
		return given, true
	case int64:
		return float64(given), math.Abs(float64(given)) <= 1<<53
	default:
		return 0, false
	}
}

func decodeSlice(given any, target reflect.Value, path string) error {
	items, ok := given.([]any)
	if !ok {
		return mismatch(given, target, path)
	}
	target.Set(reflect.MakeSlice(target.Type(), len(items), len(items)))
	for i, item := range items {
		if err := decodeValue(item, target.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func decodeMap(given any, target reflect.Value, path string) error {
	entries, ok := given.(map[string]any)
	if !ok || target.Type().Key().Kind() != reflect.String {
		return mismatch(given, target, path)
	}
	target.Set(reflect.MakeMap(target.Type()))
	for key, item := range entries {
		value := reflect.New(target.Type().Elem()).Elem()
		if err := decodeValue(item, value, path+"/"+key); err != nil {
			return err
		}
		target.SetMapIndex(reflect.ValueOf(key).Convert(target.Type().Key()), value)
	}
	return nil
}

func mismatch(given any, target reflect.Value, path string) error {
	return invalid("the parameter "+path, "is %#v, which does not fit a field of the type %s", given,
		target.Type())
}
