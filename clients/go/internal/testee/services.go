package main

import (
	"context"
	"encoding/json"

	wanllmdb "github.com/wanllmdb/sweeps/clients/go"
)

// connected calls a function with a client for the environment of a command.
func connected(
	given json.RawMessage, carryOut func(*wanllmdb.Client) (any, error),
) (any, error) {
	variables := fields[struct{ Environment environment }](given).Environment
	client, err := wanllmdb.Connect(variables.option())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return carryOut(client)
}

func findRun(given json.RawMessage) (any, error) {
	variables := fields[struct{ Environment environment }](given).Environment
	run, err := wanllmdb.AssignedRun(variables.option())
	if run == nil || err != nil {
		return nil, err
	}
	return object{
		"sweep_id": run.SweepID, "number": run.Number, "attempt": run.Attempt, "resumed": run.Resumed,
	}, nil
}

func createSweep(given json.RawMessage) (any, error) {
	config := fields[struct{ Config wanllmdb.Config }](given).Config
	return connected(given, func(client *wanllmdb.Client) (any, error) {
		id, err := client.CreateSweep(context.Background(), config)
		return object{"sweep_id": id}, err
	})
}

func listRuns(given json.RawMessage) (any, error) {
	asked := fields[work](given)
	return connected(given, func(client *wanllmdb.Client) (any, error) {
		numbers := []int64{}
		for run, err := range client.Runs(context.Background(), asked.SweepID) {
			if err != nil {
				return nil, err
			}
			numbers = append(numbers, run.GetNumber())
		}
		return numbers, nil
	})
}

func watchSweep(given json.RawMessage) (any, error) {
	asked := fields[struct {
		SweepID string `json:"sweep_id"`
		Changes int
	}](given)
	return connected(given, func(client *wanllmdb.Client) (any, error) {
		revisions := []int64{}
		for change, err := range client.Watch(context.Background(), asked.SweepID) {
			if err != nil {
				return nil, err
			}
			if revisions = append(revisions, change.GetRevision()); len(revisions) == asked.Changes {
				break
			}
		}
		return revisions, nil
	})
}

func runAgent(given json.RawMessage) (any, error) {
	asked := fields[work](given)
	return connected(given, func(client *wanllmdb.Client) (any, error) {
		result, err := asked.agent(client, wanllmdb.WithoutSignals())
		return object{"runs": result.Runs, "failed": result.Failed, "seen": asked.seen}, err
	})
}
