package dev.wanllmdb;

import java.time.Duration;
import java.util.Optional;

/**
 * What a client was configured with: options win over the environment, and the environment over
 * defaults.
 *
 * @param registry where the registry is
 * @param suggestion where the suggestion service is
 * @param apiKey the key that every call carries
 * @param tls how services are verified; empty for plain text
 * @param insecure whether the key may go to another machine in plain text
 * @param patience how long an agent waits for services that are unavailable
 * @param firstPatience the same for services that have not answered yet
 */
public record Settings(
        Endpoint registry,
        Endpoint suggestion,
        Optional<ApiKey> apiKey,
        Optional<Tls> tls,
        boolean insecure,
        Duration patience,
        Duration firstPatience) {}
