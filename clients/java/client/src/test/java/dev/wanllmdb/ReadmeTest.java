package dev.wanllmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReadmeTest {
    private static final Path EXAMPLES = Path.of("../examples");

    @Test
    void hasTheProgramThatRuns() throws Exception {
        String readme = Files.readString(Path.of("../README.md"));
        String program = Files.readString(EXAMPLES.resolve("Quickstart.java"));
        assertTrue(
                readme.contains("```java\n" + program + "```\n"),
                "README.md does not have the program of examples/Quickstart.java");
        try (FakeServices services = FakeServices.of(5).stopping(number -> number > 3)) {
            String output = run("Quickstart.java", services, Map.of());
            assertTrue(
                    output.matches(
                            "(?s).*best: run \\d of sweep " + FakeServices.SWEEP_ID
                                    + " with a loss of 0\\.\\d+.*"),
                    output);
        }
    }

    @Test
    void hasAProgramForCommandAgents() throws Exception {
        try (FakeServices services = FakeServices.of(1)) {
            run(
                    "ChildProgram.java",
                    services,
                    Map.of(
                            "WANLLMDB_SWEEP_ID", FakeServices.SWEEP_ID,
                            "WANLLMDB_RUN_NUMBER", "0",
                            "WANLLMDB_RUN_ATTEMPT", "1"));
            assertEquals(5, services.losses(0).size());
        }
    }

    @Test
    void hasTheAgentOfTheDocumentation() throws Exception {
        try (FakeServices services = FakeServices.of(2)) {
            run("AgentProgram.java", services, Map.of(), FakeServices.SWEEP_ID);
            assertEquals(1, services.losses(0).size());
            assertEquals(1, services.losses(1).size());
        }
    }

    /** Runs a program by its source, and returns what it writes. */
    private static String run(
            String name,
            FakeServices services,
            Map<String, String> variables,
            String... arguments)
            throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder =
                new ProcessBuilder(
                                new ArrayList<>(
                                        List.of(
                                                java,
                                                "-XX:TieredStopAtLevel=1",
                                                "-cp",
                                                System.getProperty("java.class.path"),
                                                EXAMPLES.resolve(name).toString())))
                        .redirectErrorStream(true);
        builder.command().addAll(List.of(arguments));
        builder.environment().keySet().removeIf(each -> each.startsWith("WANLLMDB_"));
        builder.environment().put("WANLLMDB_REGISTRY", services.address());
        builder.environment().put("WANLLMDB_SUGGESTION", services.address());
        builder.environment().putAll(variables);
        Process process = builder.start();
        String output =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }
}
