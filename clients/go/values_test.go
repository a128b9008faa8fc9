package wanllmdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

func TestValuesThatCannotBeSentAreRejected(t *testing.T) {
	for name, value := range map[string]any{
		"a text that is not UTF-8":      "\xed\xa0\x80",
		"such a text as a key":          map[string]int{"\xff": 1},
		"an integer beyond 64 bits":     uint64(math.MaxInt64) + 1,
		"infinity in a list":            []float64{1, math.Inf(1)},
		"a map without texts as keys":   map[int]string{1: "a"},
		"a function":                    func() {},
		"a pointer to what can't go":    new(complex(1, 2)),
		"a list that is nested too far": deep(maxDepth + 1),
	} {
		if _, err := NewValue(value); !isInvalid(err) {
			t.Errorf("%s: got the error %v", name, err)
		}
	}
}

func TestNamedTypesAndPointersAreSentAsTheirValues(t *testing.T) {
	type name string
	message, err := NewValue([]any{name("adam"), new(1.0), []int{1}, (*int)(nil)})
	if err != nil || message.GetJsonValue() != `["adam",1.0,[1],null]` {
		t.Errorf("got %v and %v", message, err)
	}
}

func TestDecodeFillsAStruct(t *testing.T) {
	type optimizer struct {
		Name     string   `sweep:"name"`
		Momentum *float64 `sweep:"momentum"`
	}
	type params struct {
		LR        float64   `sweep:"lr"`
		Layers    uint8     `sweep:"layers"`
		Scale     float32   `sweep:"scale"`
		Optimizer optimizer `sweep:"optimizer"`
		Sizes     []int     `sweep:"sizes"`
		Extra     any       `sweep:"extra"`
		Dropout   float64   `sweep:"dropout,optional"`
		other     int
	}
	got := params{Dropout: 0.5, other: 7}
	err := Decode(map[string]any{
		"lr": 0.1, "layers": int64(4), "scale": int64(2), "sizes": []any{int64(64), int64(32)},
		"optimizer": map[string]any{"name": "adam"}, "extra": map[string]any{"a": true},
	}, &got)
	want := params{
		0.1, 4, 2, optimizer{Name: "adam"}, []int{64, 32}, map[string]any{"a": true}, 0.5, 7,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v and %v", got, err)
	}
}

func TestDecodeNamesWhatDoesNotFit(t *testing.T) {
	parameters := map[string]any{"x": 0.5, "n": int64(300), "g": map[string]any{"s": "a"}}
	for name, into := range map[string]any{
		"the parameter x": &struct {
			X int `sweep:"x"`
		}{},
		"the parameter n": &struct {
			N int8 `sweep:"n"`
		}{},
		"the parameter y": &struct {
			Y int `sweep:"y"`
		}{},
		"the parameter g/s": &struct {
			G struct {
				S bool `sweep:"s"`
			} `sweep:"g"`
		}{},
		"Decode": struct{}{},
		"the field x": &struct {
			x int `sweep:"x"`
		}{},
	} {
		err := Decode(parameters, into)
		if !isInvalid(err) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got the error %v", name, err)
		}
	}
}

func TestTextsAreCutToWhatTheRegistryStores(t *testing.T) {
	long := strings.Repeat("ä", protocol.MaxTracebackCharacters+1)
	message, trace := cutMessage(long), cutTrace(long)
	if len([]rune(message)) != protocol.MaxMessageCharacters || !strings.HasPrefix(message, "ää") {
		t.Errorf("the message has %d characters", len([]rune(message)))
	}
	if len([]rune(trace)) != protocol.MaxTracebackCharacters || !strings.HasSuffix(trace, "ää") {
		t.Errorf("the stack trace has %d characters", len([]rune(trace)))
	}
	if got := cutMessage("a\x00b\xff"); got != "a\uFFFDb\uFFFD" {
		t.Errorf("got %q", got)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	client, err := Connect(WithEnvironment(func(string) string { return "" }),
		WithAPIKey("wsk_abc_secret"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	settings := client.Settings()
	if settings.APIKey.String() != "(hidden)" || string(settings.APIKey) != "wsk_abc_secret" {
		t.Errorf("the key is shown as %s", settings.APIKey)
	}
	inJSON, err := json.Marshal(settings)
	for _, text := range []string{string(inJSON), fmt.Sprintf("%+v %#v", settings, settings)} {
		if err != nil || strings.Contains(text, "wsk_abc_secret") {
			t.Errorf("the settings show the key: %v, %s", err, text)
		}
	}
}

func deep(levels int) any {
	if levels == 0 {
		return []any{}
	}
	return []any{deep(levels - 1)}
}

func isInvalid(err error) bool {
	_, ok := errors.AsType[*InvalidError](err)
	return ok
}
