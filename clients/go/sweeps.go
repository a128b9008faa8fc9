package wanllmdb

import (
	"context"
	"iter"

	"google.golang.org/protobuf/proto"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	suggestionv1 "github.com/wanllmdb/sweeps/clients/go/api/suggestion/v1"
)

// CreateSweep creates a sweep of a *Spec or a Config, and returns its id.
//
// Decisions of the registry that the source left open are logged as warnings.
func (c *Client) CreateSweep(ctx context.Context, source SweepSource) (string, error) {
	request, err := source.createRequest()
	if err != nil {
		return "", err
	}
	response, err := c.Registry.CreateSweep(ctx, request)
	if err != nil {
		return "", err
	}
	id := response.GetSweep().GetSweepId()
	for _, warning := range response.GetWarnings() {
		c.log.WarnContext(ctx, warning, "sweep", id)
	}
	return id, nil
}

// SweepSource describes a new sweep: a *Spec or a Config.
type SweepSource interface {
	createRequest() (*registryv1.CreateSweepRequest, error)
}

// Config is a sweep's config as text, YAML or JSON in the form of W&B's sweep files.
//
// In a config 1 is an integer and 1.0 is a float, but encoding/json writes both as 1. Build a sweep
// with Bayes, Random or Grid rather than with encoding/json.
type Config string

func (c Config) createRequest() (*registryv1.CreateSweepRequest, error) {
	return &registryv1.CreateSweepRequest{Source: &registryv1.CreateSweepRequest_ConfigText{
		ConfigText: &registryv1.ConfigText{Text: string(c)},
	}}, nil
}

// Sweep returns a sweep.
func (c *Client) Sweep(ctx context.Context, sweepID string) (*registryv1.Sweep, error) {
	response, err := c.Registry.GetSweep(ctx, &registryv1.GetSweepRequest{SweepId: sweepID})
	return response.GetSweep(), err
}

// Sweeps returns the sweeps that a request asks for, page by page; nil for all of them.
func (c *Client) Sweeps(
	ctx context.Context, request *registryv1.ListSweepsRequest,
) iter.Seq2[*registryv1.Sweep, error] {
	request = clone(request)
	return pages(func(token string) ([]*registryv1.Sweep, string, error) {
		page := proto.CloneOf(request)
		page.PageToken = token
		response, err := c.Registry.ListSweeps(ctx, page)
		return response.GetSweeps(), response.GetNextPageToken(), err
	})
}

// Run returns a run of a sweep, as the registry has it.
func (c *Client) Run(ctx context.Context, sweepID string, number int64) (*registryv1.Run, error) {
	response, err := c.Registry.GetRun(ctx, &registryv1.GetRunRequest{
		SweepId: sweepID, Run: &registryv1.GetRunRequest_Number{Number: number},
	})
	return response.GetRun(), err
}

// Runs returns the runs of a sweep by number, page by page; with states, only those in one of them.
func (c *Client) Runs(
	ctx context.Context, sweepID string, states ...registryv1.RunState,
) iter.Seq2[*registryv1.Run, error] {
	return pages(func(token string) ([]*registryv1.Run, string, error) {
		response, err := c.Registry.ListRuns(ctx, &registryv1.ListRunsRequest{
			SweepId: sweepID, States: states, PageToken: token,
		})
		return response.GetRuns(), response.GetNextPageToken(), err
	})
}

// BestRuns returns the best finished runs, at most count of them and best first; with several
// metrics, the Pareto front. 0 means 10.
func (c *Client) BestRuns(
	ctx context.Context, sweepID string, count int32,
) ([]*registryv1.Run, error) {
	response, err := c.Suggestion.GetBestRuns(ctx, &suggestionv1.GetBestRunsRequest{
		SweepId: sweepID, Count: count,
	})
	return response.GetRuns(), err
}

// BestRun returns the best finished run; nil while there is none.
func (c *Client) BestRun(ctx context.Context, sweepID string) (*registryv1.Run, error) {
	runs, err := c.BestRuns(ctx, sweepID, 1)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	return runs[0], nil
}
