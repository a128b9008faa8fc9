package dev.wanllmdb;

/** What describes a new sweep: a {@link Spec}, or a {@link Config} as text. */
public sealed interface SweepSource permits Spec, Config {}
