package wanllmdb_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	wanllmdb "github.com/wanllmdb/sweeps/clients/go"
)

func ExampleClient_Agent() {
	client, err := wanllmdb.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	// After an hour the run in progress is given back to the sweep.
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	result, err := client.Agent(ctx, "k6rsniyyjhjy",
		func(ctx context.Context, run *wanllmdb.Run) error {
			var p struct {
				LR        float64 `sweep:"lr"`
				Optimizer struct {
					Name     string   `sweep:"name"`
					Momentum *float64 `sweep:"momentum"` // nil in runs without it
				} `sweep:"optimizer"`
			}
			if err := run.Decode(&p); err != nil {
				return err
			}
			return run.Log(ctx, wanllmdb.Values{"loss": p.LR})
		},
		wanllmdb.WithParallel(4), wanllmdb.WithCount(100))
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		log.Fatal(err)
	}
	fmt.Println(result.Runs, "runs:", result.EndedBy)
}

func ExampleClient_Watch() {
	client, err := wanllmdb.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for change, err := range client.Watch(context.Background(), "k6rsniyyjhjy") {
		if err != nil {
			log.Fatal(err)
		}
		if run := change.GetRun(); run != nil {
			fmt.Println("run", run.GetNumber(), "is", run.GetState())
		}
	}
}

func ExampleBayes() {
	spec := wanllmdb.Bayes("accuracy", wanllmdb.Maximize).
		Param("optimizer/name", wanllmdb.Choice("adam", "sgd")).
		Param("optimizer/lr", wanllmdb.LogUniform(1e-5, 1e-1)).
		Param("optimizer/momentum",
			wanllmdb.When(wanllmdb.Uniform(0, 0.99), "optimizer/name", "sgd")).
		Param("layers", wanllmdb.Ints(1, 8)).
		Sampler("tpe", wanllmdb.Options{"n_startup_trials": 20}).
		Hyperband(wanllmdb.Hyperband{MinIter: 3}).
		RunCap(200)
	message, err := spec.Build()
	if err != nil {
		log.Fatal(err)
	}
	for _, parameter := range message.GetSearchSpace().GetParameters() {
		fmt.Println(parameter.GetName())
	}
	// Output:
	// layers
	// optimizer/lr
	// optimizer/momentum
	// optimizer/name
}

func ExampleReason() {
	client, err := wanllmdb.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Sweep(context.Background(), "k6rsniyyjhjy")
	if errors.Is(err, wanllmdb.SweepNotFound) {
		fmt.Println("there is no such sweep")
	}
}
