package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.ConfigText;
import dev.wanllmdb.api.registry.v1.CreateSweepRequest;

/**
 * A sweep's config as text, YAML or JSON in the form of W&amp;B's sweep files.
 *
 * <p>In a config 1 is an integer and 1.0 is a float, and some JSON libraries write both as 1. Build
 * a sweep with a {@link Spec} rather than with such a library.
 *
 * @param text the config
 */
public record Config(String text) implements SweepSource {
    /** Returns the request that creates the sweep. */
    CreateSweepRequest request() {
        return CreateSweepRequest.newBuilder()
                .setConfigText(ConfigText.newBuilder().setText(text))
                .build();
    }
}
