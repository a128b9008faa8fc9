// Command child is a program for a command agent: `wanllmdb agent SWEEP -- ./child`.
package main

import (
	"context"
	"log"
	"math"

	wanllmdb "github.com/wanllmdb/sweeps/clients/go"
)

func main() {
	client, err := wanllmdb.Connect()
	if err != nil {
		log.Fatal(err)
	}
	err = client.Child(context.Background(), func(ctx context.Context, run *wanllmdb.Run) error {
		var p struct {
			LR float64 `sweep:"lr"`
		}
		if err := run.Decode(&p); err != nil {
			return err
		}
		for epoch := 1.0; epoch <= 5; epoch++ {
			loss := math.Abs(math.Log10(p.LR)+2.5) + 1/epoch
			if err := run.Log(ctx, wanllmdb.Values{"loss": loss}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		log.Fatal(err) // the agent ends the run by the exit code
	}
}
