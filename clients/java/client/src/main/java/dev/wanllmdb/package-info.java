/**
 * The Java client of wanllmdb sweeps: it creates and reads sweeps, and its agents work on their
 * runs.
 *
 * <p>{@link dev.wanllmdb.Client#connect} finds the services by the environment, as every client
 * does. A sweep is described by a {@link dev.wanllmdb.Spec}, and an agent of {@link
 * dev.wanllmdb.Client#agent} calls code for each of its runs; {@link dev.wanllmdb.Client#child}
 * does so in the program of a command agent. {@link dev.wanllmdb.Client#watch(String)} follows a
 * sweep.
 *
 * <p>The exceptions are unchecked, and each kind of problem is a class of its own: what a service
 * rejects is a {@link dev.wanllmdb.ServiceException} with a {@link dev.wanllmdb.Reason}, and what
 * the client rejects before any call an {@link dev.wanllmdb.InvalidException}.
 */
package dev.wanllmdb;
