package dev.wanllmdb;

/** What stops a run. */
enum Order {
    /** Early termination. */
    PRUNE,
    /** The sweep or the run was canceled. */
    CANCEL,
    /** The run is no longer this agent's. */
    LEASE_LOST,
    /** The agent ends, and another one gets the run. */
    GIVE_BACK
}
