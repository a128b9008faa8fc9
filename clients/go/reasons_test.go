package wanllmdb

import (
	"os"
	"regexp"
	"strings"
	"testing"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
)

func TestThereIsAConstantForEachReasonOfTheAPI(t *testing.T) {
	source, err := os.ReadFile("reasons.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]bool{}
	for _, found := range regexp.MustCompile(`Reason = "([A-Z_]+)"`).FindAllSubmatch(source, -1) {
		constants[string(found[1])] = true
	}
	if len(constants) != len(registryv1.ErrorReason_name)-1 {
		t.Errorf("there are %d constants", len(constants))
	}
	for number, name := range registryv1.ErrorReason_name {
		if reason := strings.TrimPrefix(name, "ERROR_REASON_"); number != 0 && !constants[reason] {
			t.Errorf("there is no constant for %s", reason)
		}
	}
}
