package wanllmdb

import (
	"errors"
	"log/slog"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	suggestionv1 "github.com/wanllmdb/sweeps/clients/go/api/suggestion/v1"
)

// Client reaches both services. It is safe for concurrent use.
//
// The methods of a client are what programs usually need. All RPCs are at Registry, Templates,
// Keys, Suggestion and Analysis: these stubs send requests as the protocol of clients says, with a
// request id for each that takes one, repetitions, and errors of the type *Error.
type Client struct {
	// Registry has the RPCs about sweeps and runs.
	Registry registryv1.SweepRegistryServiceClient
	// Templates has the RPCs about named configs.
	Templates registryv1.TemplateServiceClient
	// Keys has the RPCs about API keys.
	Keys registryv1.KeyServiceClient
	// Suggestion has the RPCs that choose parameters and stop runs.
	Suggestion suggestionv1.SuggestionServiceClient
	// Analysis has the RPCs about importance, Pareto fronts and the like.
	Analysis suggestionv1.AnalysisServiceClient

	options              options
	settings             Settings
	log                  *slog.Logger
	registry, suggestion *peer
}

// Connect returns a client with the options, else the settings of the environment
// (WANLLMDB_REGISTRY, WANLLMDB_SUGGESTION, WANLLMDB_API_KEY and others), else those for services on
// this machine. It makes no call; an *InvalidError says which setting is at fault.
func Connect(given ...Option) (*Client, error) {
	o := collected(given)
	settings, err := o.settings()
	if err != nil {
		return nil, err
	}
	keys := &keyring{key: settings.APIKey, file: settings.keyFile, source: settings.keySource}
	c := &Client{options: o, settings: settings, log: o.logger}
	if c.registry, err = newPeer(
		registryService, settings.Registry, settings, keys, o.dial); err != nil {
		return nil, err
	}
	if c.suggestion, err = newPeer(
		suggestionService, settings.Suggestion, settings, keys, o.dial); err != nil {
		return nil, errors.Join(err, c.registry.close())
	}
	c.Registry = registryv1.NewSweepRegistryServiceClient(c.registry)
	c.Templates = registryv1.NewTemplateServiceClient(c.registry)
	c.Keys = registryv1.NewKeyServiceClient(c.registry)
	c.Suggestion = suggestionv1.NewSuggestionServiceClient(c.suggestion)
	c.Analysis = suggestionv1.NewAnalysisServiceClient(c.suggestion)
	return c, nil
}

// Settings returns what the client was configured with.
func (c *Client) Settings() Settings { return c.settings }

// Replica returns the replica of the suggestion service to which the calls of a sweep go first;
// empty for any, as with a single replica.
func (c *Client) Replica(sweepID string) string { return c.suggestion.routing.replicaOf(sweepID) }

// Close closes the connections. Calls under way fail, and later ones with ErrClosed.
func (c *Client) Close() error {
	return errors.Join(c.registry.close(), c.suggestion.close())
}
