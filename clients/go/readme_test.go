package wanllmdb_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/wanllmdb/sweeps/clients/go/internal/fake"
)

func TestTheProgramOfTheReadmeRuns(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("examples/quickstart/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```go\n"+string(program)+"```\n") {
		t.Error("README.md does not have the program of examples/quickstart")
	}
	address := (&fake.Services{Runs: 5, Stops: func(n int64) bool { return n > 3 }}).Start(t)
	command := exec.CommandContext(t.Context(), "go", "run", "./examples/quickstart")
	command.Env = append(os.Environ(),
		"WANLLMDB_REGISTRY="+address, "WANLLMDB_SUGGESTION="+address)
	output, err := command.CombinedOutput()
	best := regexp.MustCompile(`best: run \d of sweep ` + fake.SweepID + ` with a loss of 0\.\d+`)
	if err != nil || !best.Match(output) {
		t.Errorf("got %v and %s", err, output)
	}
}
