package dev.wanllmdb;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Why a service rejected a call: the values of the API's enum ErrorReason, without its prefix. Each
 * has its status code, and the names of what {@link ServiceException#metadata} has.
 */
public enum Reason {
    /** The service gave no reason, as for a broken connection. */
    NONE,

    /**
     * INVALID_ARGUMENT: a sweep's config or spec has problems; a google.rpc.BadRequest names them
     * with their paths. Metadata: problems, the number of all.
     */
    INVALID_SWEEP_CONFIG,

    /**
     * INVALID_ARGUMENT: a request's field is missing or malformed; a google.rpc.BadRequest names
     * all such fields. Metadata: problems, their number; limit_seconds, if checking the request
     * takes longer than that.
     */
    INVALID_REQUEST,

    /** INVALID_ARGUMENT: the server did not return this page token for this request. */
    INVALID_PAGE_TOKEN,

    /**
     * INVALID_ARGUMENT: the request_id was used before with another request. Metadata: request_id,
     * or the sweep_id of the sweep that it created.
     */
    REQUEST_ID_REUSED,

    /** NOT_FOUND: no such sweep. Metadata: sweep_id. */
    SWEEP_NOT_FOUND,

    /** NOT_FOUND: no such run in the sweep. Metadata: sweep_id, and number or external_run_id. */
    RUN_NOT_FOUND,

    /** FAILED_PRECONDITION: the sweep assigns no runs. Metadata: sweep_id, state. */
    SWEEP_NOT_RUNNING,

    /**
     * FAILED_PRECONDITION: the sweep can't change from its current state to the requested one.
     * Metadata: sweep_id, state.
     */
    SWEEP_STATE_CONFLICT,

    /** FAILED_PRECONDITION: the run is not running. Metadata: sweep_id, number, state. */
    RUN_NOT_RUNNING,

    /**
     * FAILED_PRECONDITION: the run was lost and assigned again; the result of this attempt is too
     * late. Metadata: sweep_id, number, attempt.
     */
    RUN_LEASE_LOST,

    /**
     * ABORTED: the sweep or template changed since the etag was read. Metadata: sweep_id or
     * template, and etag.
     */
    ETAG_MISMATCH,

    /**
     * UNAVAILABLE: the write conflicted with concurrent writes; retry the same request. ABORTED, in
     * contrast, is never retried: read again first. Metadata: sweep_id, if the write is of a
     * sweep's spec or runs.
     */
    WRITE_CONFLICT,

    /**
     * ALREADY_EXISTS: another run of the sweep has this external_run_id. Metadata: sweep_id, and
     * number of that run.
     */
    EXTERNAL_RUN_ID_TAKEN,

    /** FAILED_PRECONDITION: more finished runs are needed. Metadata: sweep_id, finished, needed. */
    NOT_ENOUGH_RUNS,

    /**
     * FAILED_PRECONDITION: the sweep has no metric, so nothing is better or worse. Metadata:
     * sweep_id.
     */
    NO_METRIC,

    /** UNAVAILABLE: the database does not answer; retry the request. */
    DATABASE_UNAVAILABLE,

    /**
     * UNAVAILABLE: the registry does not answer the suggestion service or the gateway; retry the
     * request.
     */
    REGISTRY_UNAVAILABLE,

    /**
     * RESOURCE_EXHAUSTED: the server has too many calls, or this one takes too long to compute; a
     * google.rpc.RetryInfo states when to retry. Metadata: limit of calls, or sweep_id.
     */
    OVERLOADED,

    /**
     * UNAVAILABLE: the server shuts down; send the request to another replica, or to the same one
     * later.
     */
    SHUTTING_DOWN,

    /**
     * INTERNAL: a defect of the server. Metadata: reference, by which the server's log identifies
     * the details.
     */
    INTERNAL,

    /**
     * FAILED_PRECONDITION: the request has more runs than the sweep's run_cap still allows.
     * Metadata: sweep_id, run_cap, total_runs.
     */
    RUN_CAP_REACHED,

    /**
     * FAILED_PRECONDITION: the request is about one metric, and the sweep has several: name one.
     * Metadata: sweep_id.
     */
    SEVERAL_METRICS,

    /**
     * FAILED_PRECONDITION: the server lacks a package that the algorithm needs. Metadata:
     * algorithm, package.
     */
    ALGORITHM_NOT_INSTALLED,

    /** FAILED_PRECONDITION: no point was found that meets the constraints. Metadata: sweep_id. */
    CONSTRAINTS_NOT_MET,

    /** NOT_FOUND: no such template. Metadata: template. */
    TEMPLATE_NOT_FOUND,

    /** ALREADY_EXISTS: another template has this name. Metadata: template. */
    TEMPLATE_NAME_TAKEN,

    /** FAILED_PRECONDITION: a built-in template can't be changed or deleted. Metadata: template. */
    TEMPLATE_BUILT_IN,

    /** UNAUTHENTICATED: the server requires an API key and the call has none. */
    KEY_MISSING,

    /** UNAUTHENTICATED: the API key is malformed, unknown or wrong. */
    KEY_INVALID,

    /** UNAUTHENTICATED: the API key has expired. Metadata: key_id. */
    KEY_EXPIRED,

    /** UNAUTHENTICATED: the API key was revoked. Metadata: key_id. */
    KEY_REVOKED,

    /**
     * PERMISSION_DENIED: the key's role or projects do not allow the call. Callers who could not
     * see a resource also get this error if it does not exist. Metadata: key_id, needed_role.
     */
    PERMISSION_DENIED,

    /** NOT_FOUND: no such key. Metadata: key_id. */
    KEY_NOT_FOUND,

    /**
     * RESOURCE_EXHAUSTED: this key, or this address if no keys are required, exceeds its limit of
     * calls a second or of running calls; a google.rpc.RetryInfo states when to retry. Metadata:
     * limit.
     */
    RATE_LIMITED,

    /**
     * FAILED_PRECONDITION: a report has more new metrics than the run's limit allows, and nothing
     * of it was stored. Values of the run's existing metrics can be sent again without the others.
     * Metadata: sweep_id, number, max_metrics, max_metric_bytes.
     */
    TOO_MANY_METRICS,

    /**
     * FAILED_PRECONDITION: runs can't be retried: they are queued or running, have a result that
     * counts, or do not exist. Metadata: sweep_id, state of the sweep.
     */
    RUN_NOT_RETRYABLE,

    /**
     * FAILED_PRECONDITION: the database that answers has another history than the one that the
     * revision is from, or the revision is ahead of the sweep: a backup was restored, or a standby
     * took over. Discard what was read and begin again from revision 0. Metadata: sweep_id,
     * database_id, revision.
     */
    REVISION_UNKNOWN,

    /**
     * ABORTED: the run changed since its revision was read. Metadata: sweep_id, number, revision.
     */
    REVISION_MISMATCH,

    /** UNAVAILABLE: the suggestion service does not answer the gateway; retry the request. */
    SUGGESTION_UNAVAILABLE,

    /** A reason that this release does not know: {@link ServiceException#reasonName} has it. */
    UNRECOGNIZED;

    private static final Map<String, Reason> BY_NAME =
            Arrays.stream(values()).collect(Collectors.toMap(Reason::name, Function.identity()));

    /** Returns the reason of this name, which is empty for none. */
    static Reason named(String name) {
        return name.isEmpty() ? NONE : BY_NAME.getOrDefault(name, UNRECOGNIZED);
    }
}
