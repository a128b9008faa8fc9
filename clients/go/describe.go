package wanllmdb

import (
	"context"
	"maps"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// Describe sets the run's name for people, unless it is empty, and adds labels. While the registry
// is unavailable Describe returns nil, and they are stored before the run's end.
func (r *Run) Describe(ctx context.Context, name string, labels map[string]string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return errOver
	}
	if r.silent {
		return nil
	}
	described := &registryv1.Run{
		SweepId: r.run.GetSweepId(), Number: r.run.Number,
		Name: r.name, Labels: maps.Clone(r.labels),
	}
	if described.Labels == nil {
		described.Labels = map[string]string{}
	}
	if name != "" {
		described.Name = sendable(name)
	}
	for label, text := range labels {
		described.Labels[sendable(label)] = sendable(text)
	}
	request := &registryv1.UpdateRunRequest{
		Run:        described,
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"name", "labels"}},
		RequestId:  newRequestID(),
	}
	_, err := r.client.Registry.UpdateRun(ctx, request, within(protocol.RunCallDeadline))
	if err != nil && !mayPass(err) {
		return err
	}
	r.name, r.labels, r.undescribed = described.GetName(), described.GetLabels(), nil
	if err != nil {
		r.undescribed = request
	}
	return nil
}

// describeAtLast stores the name and labels that an outage left. The run ends without those that
// the registry rejects.
func (r *Run) describeAtLast(ctx context.Context, w waiter) error {
	r.mu.Lock()
	request := r.undescribed
	r.undescribed = nil
	r.mu.Unlock()
	if request == nil {
		return nil
	}
	err := w.retry(ctx, func() error {
		_, err := r.client.Registry.UpdateRun(ctx, request, within(protocol.RunCallDeadline))
		return err
	})
	if err != nil && !mayPass(err) && !endsRun(err) {
		r.log.WarnContext(ctx, "the name and labels could not be stored", "error", err)
		return nil
	}
	return err
}
