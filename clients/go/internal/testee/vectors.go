package main

import (
	"encoding/base64"
	"encoding/json"
	"time"

	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	wanllmdb "github.com/wanllmdb/sweeps/clients/go"
	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

type withMessage struct {
	Message string `json:"message"`
}

// decode reads a message in its binary form, as base64.
func decode(text string, message proto.Message) {
	data, err := base64.StdEncoding.DecodeString(text)
	check(err)
	check(proto.Unmarshal(data, message))
}

// encoded returns a message for an answer.
func encoded(message proto.Message) object {
	data, err := proto.Marshal(message)
	check(err)
	return object{"message": base64.StdEncoding.EncodeToString(data)}
}

func readValue(given json.RawMessage) (any, error) {
	message := &registryv1.ParameterValue{}
	decode(fields[withMessage](given).Message, message)
	value, err := wanllmdb.Value(message)
	if err != nil {
		return nil, err
	}
	return described(value), nil
}

func writeValue(given json.RawMessage) (any, error) {
	value := fields[struct{ Value description }](given).Value.native()
	message, err := wanllmdb.NewValue(value)
	if err != nil {
		return nil, err
	}
	return encoded(message), nil
}

func nestParameters(given json.RawMessage) (any, error) {
	run := &registryv1.Run{}
	decode(fields[withMessage](given).Message, run)
	parameters, err := wanllmdb.Parameters(run)
	if err != nil {
		return nil, err
	}
	return described(parameters), nil
}

func heartbeatPause(given json.RawMessage) (any, error) {
	lease := fields[struct {
		Seconds float64 `json:"lease_seconds"`
	}](given).Seconds
	return protocol.HeartbeatPause(time.Duration(lease * float64(time.Second))).Seconds(), nil
}

func readError(given json.RawMessage) (any, error) {
	sent := fields[struct{ Code, Text, Details string }](given)
	packed := &statuspb.Status{}
	decode(sent.Details, packed)
	var code codes.Code
	check(code.UnmarshalJSON([]byte(`"` + sent.Code + `"`)))
	packed.Code, packed.Message = int32(code), sent.Text
	err := wanllmdb.NewError(status.FromProto(packed))
	paths, positions := [][]string{}, []any{}
	for _, problem := range err.Fields {
		paths = append(paths, []string{problem.Field, problem.Description})
	}
	if hasPositions(err) {
		for _, problem := range err.Fields {
			if problem.Line == 0 {
				positions = append(positions, nil)
			} else {
				positions = append(positions, []int{problem.Line, problem.Column})
			}
		}
	}
	metadata := err.Metadata
	if metadata == nil {
		metadata = map[string]string{}
	}
	result := object{
		"reason": string(err.Reason), "metadata": metadata, "fields": paths, "positions": positions,
		"retry_after": nil, "waits": err.MayPass(), "ends_run": err.EndsRun(),
	}
	if err.RetryAfter != nil {
		result["retry_after"] = err.RetryAfter.Seconds()
	}
	return result, nil
}

func hasPositions(err *wanllmdb.Error) bool {
	for _, problem := range err.Fields {
		if problem.Line > 0 {
			return true
		}
	}
	return false
}

type environment map[string]string

// option has the client read these variables, and no other WANLLMDB_*.
func (e environment) option() wanllmdb.Option {
	return wanllmdb.WithEnvironment(e.get)
}

func (e environment) get(name string) string { return e[name] }

func chooseReplica(given json.RawMessage) (any, error) {
	asked := fields[struct {
		Address string
		SweepID string `json:"sweep_id"`
	}](given)
	client, err := wanllmdb.Connect(environment{}.option(), wanllmdb.WithSuggestion(asked.Address))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return orNull(client.Replica(asked.SweepID)), nil
}

func configure(given json.RawMessage) (any, error) {
	variables := fields[struct{ Environment environment }](given).Environment
	client, err := wanllmdb.Connect(variables.option())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	settings := client.Settings()
	result := object{
		"registry": settings.Registry.Replicas, "suggestion": settings.Suggestion.Replicas,
		"key": orNull(string(settings.APIKey)), "tls": nil,
		"patience": settings.Patience.Seconds(), "first_patience": settings.FirstPatience.Seconds(),
	}
	if settings.TLS != nil {
		result["tls"] = object{
			"ca": orNull(settings.TLS.CA), "cert": orNull(settings.TLS.Cert),
			"key": orNull(settings.TLS.Key), "server_name": settings.Registry.ServerName,
		}
	}
	return result, nil
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
