// Package wanllmdb is the Go client of wanllmdb sweeps: it creates and reads sweeps, and its agents
// work on their runs. Import it by its name:
//
//	import wanllmdb "github.com/wanllmdb/sweeps/clients/go"
//
// Connect finds the services by the environment, as every client does. A sweep is built with Bayes,
// Random or Grid, and an agent of Client.Agent calls a function for each of its runs; Client.Child
// does so in the program of a command agent. Client.Watch follows a sweep. What a method does not
// offer is an RPC away: Client.Registry and its siblings are the stubs of the API, with deadlines,
// repetitions, request ids and typed errors.
//
// Errors of services are of the type *Error, and errors.Is compares them with a Reason:
//
//	if errors.Is(err, wanllmdb.SweepNotFound) { ... }
package wanllmdb
