// Command testee carries out what clients/conformance asks for: it reads one JSON command a line,
// and writes one JSON answer a line. clients/conformance/README.md describes the commands.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"

	wanllmdb "github.com/wanllmdb/sweeps/clients/go"
)

type (
	object    = map[string]any
	operation = func(given json.RawMessage) (any, error)
)

var operations = map[string]operation{
	"agent.run":        runAgent,
	"client.configure": configure,
	"error.read":       readError,
	"heartbeat.pause":  heartbeatPause,
	"parameters.nest":  nestParameters,
	"process.run":      runProcess,
	"replica.choose":   chooseReplica,
	"run.find":         findRun,
	"runs.list":        listRuns,
	"sweep.build":      buildSweep,
	"sweep.create":     createSweep,
	"sweep.watch":      watchSweep,
	"value.read":       readValue,
	"value.write":      writeValue,
}

// can is what not every language can do, and this one can.
var can = []string{"integers_of_64_bits", "integers_beyond_64_bits", "integers_in_json"}

type command struct {
	ID        int             `json:"id"`
	Operation string          `json:"operation"`
	Given     json.RawMessage `json:"given"`
}

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if len(os.Args) > 1 {
		workInProcess()
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	answers := json.NewEncoder(os.Stdout)
	answers.SetEscapeHTML(false)
	for lines.Scan() {
		var c command
		check(json.Unmarshal(lines.Bytes(), &c))
		check(answers.Encode(answered(c)))
	}
	check(lines.Err())
}

// answered returns the answer to one command.
func answered(c command) (answer object) {
	defer func() {
		if problem := recover(); problem != nil {
			answer = failed("crash", fmt.Sprint(problem))
		}
		answer["id"] = c.ID
	}()
	if c.Operation == "hello" {
		return object{"result": object{"language": "go", "can": can}}
	}
	carryOut, ok := operations[c.Operation]
	if !ok {
		return failed("unsupported", "there is no "+c.Operation)
	}
	result, err := carryOut(c.Given)
	if err != nil {
		return failedBy(err)
	}
	return object{"result": result}
}

func failedBy(err error) object {
	if is[*wanllmdb.GaveUpError](err) {
		return failed("gave_up", err.Error())
	}
	if service, ok := errors.AsType[*wanllmdb.Error](err); ok {
		answer := failed("service", err.Error())
		answer["error"].(object)["reason"] = string(service.Reason)
		return answer
	}
	switch {
	case is[*wanllmdb.InvalidError](err):
		return failed("invalid", err.Error())
	case is[*wanllmdb.NoRunError](err):
		return failed("no_run", err.Error())
	default:
		return failed("crash", err.Error())
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func failed(kind, message string) object {
	return object{"error": object{"kind": kind, "message": message}}
}

// fields reads what is given for a command.
func fields[T any](given json.RawMessage) T {
	var read T
	check(json.Unmarshal(given, &read))
	return read
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
