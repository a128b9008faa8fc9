package dev.wanllmdb;

import java.util.Optional;

/**
 * What an agent did.
 *
 * @param runs how many runs ended
 * @param failed how many of them failed
 * @param endedBy why the agent ended, for people
 * @param signal the signal that ended it: INT or TERM
 */
public record AgentResult(int runs, int failed, String endedBy, Optional<String> signal) {}
