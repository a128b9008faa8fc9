package wanllmdb

// Reason is why a service rejected a call: a value of the API's enum ErrorReason, without its
// prefix. Reasons that this release does not know are possible.
//
// A Reason is an error, so that errors.Is(err, wanllmdb.SweepNotFound) works.
type Reason string

// The reasons. The comments of the API's enum ErrorReason say what each means, its status code, and
// the metadata that comes with it.
const (
	InvalidSweepConfig    Reason = "INVALID_SWEEP_CONFIG"
	InvalidRequest        Reason = "INVALID_REQUEST"
	InvalidPageToken      Reason = "INVALID_PAGE_TOKEN"
	RequestIDReused       Reason = "REQUEST_ID_REUSED"
	SweepNotFound         Reason = "SWEEP_NOT_FOUND"
	RunNotFound           Reason = "RUN_NOT_FOUND"
	SweepNotRunning       Reason = "SWEEP_NOT_RUNNING"
	SweepStateConflict    Reason = "SWEEP_STATE_CONFLICT"
	RunNotRunning         Reason = "RUN_NOT_RUNNING"
	RunLeaseLost          Reason = "RUN_LEASE_LOST"
	EtagMismatch          Reason = "ETAG_MISMATCH"
	WriteConflict         Reason = "WRITE_CONFLICT"
	ExternalRunIDTaken    Reason = "EXTERNAL_RUN_ID_TAKEN"
	NotEnoughRuns         Reason = "NOT_ENOUGH_RUNS"
	NoMetric              Reason = "NO_METRIC"
	DatabaseUnavailable   Reason = "DATABASE_UNAVAILABLE"
	RegistryUnavailable   Reason = "REGISTRY_UNAVAILABLE"
	Overloaded            Reason = "OVERLOADED"
	ShuttingDown          Reason = "SHUTTING_DOWN"
	InternalError         Reason = "INTERNAL"
	RunCapReached         Reason = "RUN_CAP_REACHED"
	SeveralMetrics        Reason = "SEVERAL_METRICS"
	AlgorithmNotInstalled Reason = "ALGORITHM_NOT_INSTALLED"
	ConstraintsNotMet     Reason = "CONSTRAINTS_NOT_MET"
	TemplateNotFound      Reason = "TEMPLATE_NOT_FOUND"
	TemplateNameTaken     Reason = "TEMPLATE_NAME_TAKEN"
	TemplateBuiltIn       Reason = "TEMPLATE_BUILT_IN"
	KeyMissing            Reason = "KEY_MISSING"
	KeyInvalid            Reason = "KEY_INVALID"
	KeyExpired            Reason = "KEY_EXPIRED"
	KeyRevoked            Reason = "KEY_REVOKED"
	PermissionDenied      Reason = "PERMISSION_DENIED"
	KeyNotFound           Reason = "KEY_NOT_FOUND"
	RateLimited           Reason = "RATE_LIMITED"
	TooManyMetrics        Reason = "TOO_MANY_METRICS"
	RunNotRetryable       Reason = "RUN_NOT_RETRYABLE"
	RevisionUnknown       Reason = "REVISION_UNKNOWN"
	RevisionMismatch      Reason = "REVISION_MISMATCH"
	SuggestionUnavailable Reason = "SUGGESTION_UNAVAILABLE"
)

// Error returns the reason's name.
func (r Reason) Error() string { return string(r) }
