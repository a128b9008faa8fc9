// Command agent works on the runs of the sweep that its argument names.
package main

import (
	"context"
	"log"
	"math"
	"os"

	wanllmdb "github.com/wanllmdb/sweeps/clients/go"
)

func train(ctx context.Context, run *wanllmdb.Run) error {
	var params struct {
		LR float64 `sweep:"lr"`
	}
	if err := run.Decode(&params); err != nil {
		return err
	}
	return run.Log(ctx, wanllmdb.Values{"loss": math.Abs(math.Log10(params.LR) + 2.5)})
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("give the id of a sweep")
	}
	client, err := wanllmdb.Connect()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Agent(context.Background(), os.Args[1], train); err != nil {
		log.Fatal(err)
	}
}
