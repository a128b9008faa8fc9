// Command quickstart searches for a learning rate and a number of layers, with one agent.
package main

import (
	"context"
	"fmt"
	"log"
	"math"

	wanllmdb "github.com/wanllmdb/sweeps/clients/go"
)

type params struct {
	LR     float64 `sweep:"lr"`
	Layers int     `sweep:"layers"`
}

func train(ctx context.Context, run *wanllmdb.Run) error {
	var p params
	if err := run.Decode(&p); err != nil {
		return err
	}
	for epoch := 1.0; epoch <= 5; epoch++ {
		loss := math.Abs(math.Log10(p.LR)+2.5) + 0.1*float64(p.Layers) + 1/epoch
		if err := run.Log(ctx, wanllmdb.Values{"loss": loss}); err != nil {
			return err // early termination and cancels arrive here, and through ctx
		}
	}
	return nil
}

func main() {
	ctx := context.Background()
	client, err := wanllmdb.Connect() // WANLLMDB_REGISTRY and others, else services on localhost
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	id, err := client.CreateSweep(ctx, wanllmdb.Bayes("loss", wanllmdb.Minimize).
		Param("lr", wanllmdb.LogUniform(1e-4, 0.1)).
		Param("layers", wanllmdb.Ints(1, 4)).
		Hyperband(wanllmdb.Hyperband{MinIter: 2}).
		RunCap(20))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Agent(ctx, id, train); err != nil {
		log.Fatal(err)
	}
	best, err := client.BestRun(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("best: run %d of sweep %s with a loss of %.3f\n",
		best.GetNumber(), id, best.GetObjective())
}
