package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	wanllmdb "github.com/wanllmdb/sweeps/clients/go"
)

const (
	pauseBetween = 50 * time.Millisecond
	// mostLogged is how many values code that goes on logs at most.
	mostLogged = 600
)

// work is what the code of each run does.
type work struct {
	Work        string
	Signal      string
	Environment environment
	SweepID     string `json:"sweep_id"`
	Count       int
	AgentID     string `json:"agent_id"`
	Resume      bool
	Values      []json.RawMessage
	Names       []string
	Seconds     float64
	GoesOn      bool `json:"goes_on"`
	Fails       string

	// begun follows the first value.
	begun func()
	seen  []*record
}

// record is what the code of a run saw.
type record struct {
	Parameters map[string]any `json:"parameters"`
	Resumed    bool           `json:"resumed"`
	Logged     int            `json:"logged"`
	Stopped    bool           `json:"stopped"`
}

func (w *work) agent(
	client *wanllmdb.Client, more ...wanllmdb.AgentOption,
) (wanllmdb.AgentResult, error) {
	if w.Count > 0 {
		more = append(more, wanllmdb.WithCount(w.Count))
	}
	if w.AgentID != "" {
		more = append(more, wanllmdb.WithAgentID(w.AgentID))
	}
	if w.Resume {
		more = append(more, wanllmdb.WithResume())
	}
	w.seen = []*record{}
	return client.Agent(context.Background(), w.SweepID, w.train, more...)
}

// train is the code of a run.
func (w *work) train(ctx context.Context, run *wanllmdb.Run) error {
	seen := &record{Parameters: run.Parameters(), Resumed: run.Resumed()}
	w.seen = append(w.seen, seen)
	err := w.log(ctx, run, seen)
	if stopped, ok := errors.AsType[*wanllmdb.StoppedError](err); ok {
		seen.Stopped = true
		return stopped
	}
	if err == nil && w.Fails != "" {
		return errors.New(w.Fails)
	}
	return err
}

func (w *work) log(ctx context.Context, run *wanllmdb.Run, seen *record) error {
	log := func(value float64) error {
		values := wanllmdb.Values{"loss": value}
		for _, name := range w.Names {
			values[name] = 0.5
		}
		if err := run.Log(ctx, values); err != nil {
			return err
		}
		seen.Logged++
		if seen.Logged == 1 && w.begun != nil {
			w.begun()
		}
		return nil
	}
	for _, value := range w.Values {
		if err := log(number(value)); err != nil {
			return err
		}
	}
	// Until then the values can arrive before the end of the run.
	if err := sleep(ctx, time.Duration(w.Seconds*float64(time.Second))); err != nil {
		return err
	}
	for w.GoesOn && seen.Logged < mostLogged {
		if err := log(1); err != nil {
			return err
		}
		if err := sleep(ctx, pauseBetween); err != nil {
			return err
		}
	}
	return nil
}

// sleep waits; it returns the cause when the context ends before.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// runProcess does the work in a process of its own, and returns its exit code.
func runProcess(given json.RawMessage) (any, error) {
	asked := fields[work](given)
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.Command(program, "process")
	process.Stdin, process.Stderr = strings.NewReader(string(given)), os.Stderr
	for _, each := range os.Environ() {
		if !strings.HasPrefix(each, "WANLLMDB_") {
			process.Env = append(process.Env, each)
		}
	}
	for name, value := range asked.Environment {
		process.Env = append(process.Env, name+"="+value)
	}
	output, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	// The process writes a line once its code has logged a value.
	_, _ = bufio.NewReader(output).ReadString('\n')
	if asked.Signal != "" {
		signals := map[string]os.Signal{"SIGINT": os.Interrupt, "SIGTERM": syscall.SIGTERM}
		if err := process.Process.Signal(signals[asked.Signal]); err != nil {
			return nil, err
		}
	}
	if err := process.Wait(); err != nil && !is[*exec.ExitError](err) {
		return nil, err
	}
	return object{"exit_code": process.ProcessState.ExitCode()}, nil
}

// workInProcess is the process: an agent, or the program of a command agent.
func workInProcess() {
	var asked work
	check(json.NewDecoder(os.Stdin).Decode(&asked))
	asked.begun = func() { fmt.Println("begun") }
	client, err := wanllmdb.Connect()
	check(err)
	if asked.Work == "agent" {
		_, err = asked.agent(client)
	} else {
		err = client.Child(context.Background(), asked.train)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
