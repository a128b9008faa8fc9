package wanllmdb_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/wanllmdb/sweeps/clients/go/internal/fake"
)

func TestTheAgentOfTheDocumentationRuns(t *testing.T) {
	services := &fake.Services{Runs: 2}
	output, err := run(t, services.Start(t), "./examples/agent", fake.SweepID)
	if err != nil || services.End(0) == nil || services.End(1) == nil {
		t.Errorf("got %v, ends %v and %v, and %s", err, services.End(0), services.End(1), output)
	}
}

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
	output, err := run(t, address, "./examples/quickstart")
	best := regexp.MustCompile(`best: run \d of sweep ` + fake.SweepID + ` with a loss of 0\.\d+`)
	if err != nil || !best.Match(output) {
		t.Errorf("got %v and %s", err, output)
	}
}

// run runs a program with the services at the address, and returns what it writes.
func run(t *testing.T, address string, program ...string) ([]byte, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"run"}, program...)...)
	command.Env = append(os.Environ(),
		"WANLLMDB_REGISTRY="+address, "WANLLMDB_SUGGESTION="+address)
	return command.CombinedOutput()
}
