package dev.wanllmdb.testee;

import dev.wanllmdb.Client;
import dev.wanllmdb.internal.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Does work in a process of its own. */
final class Processes {
    private Processes() {}

    /** Starts the process, sends it the signal, and returns its exit code. */
    static Object run(Given given) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        // The options of this process are those of the other one.
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(
                List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.add("process");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("WANLLMDB_"));
        Given variables = given.object("environment");
        variables.names().forEach(name -> environment.put(name, variables.text(name)));
        Process process = builder.start();
        try (OutputStream stdin = process.getOutputStream()) {
            stdin.write((Json.write(given.fields()) + "\n").getBytes(StandardCharsets.UTF_8));
        }
        BufferedReader output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        // The process writes a line once its code has logged a value.
        output.readLine();
        if (given.has("signal")) {
            String signal = given.text("signal").replace("SIG", "-");
            new ProcessBuilder("kill", signal, String.valueOf(process.pid())).start().waitFor();
        }
        return Map.of("exit_code", process.waitFor());
    }

    /** Is the process: an agent, or the program of a command agent. */
    static void work(Given given, PrintStream output) throws Exception {
        Work work = new Work(given, () -> output.println("begun"));
        try (Client client = Client.connect()) {
            if (given.text("work").equals("agent")) {
                work.agent(client).run(work::train);
            } else {
                client.child(work::train);
            }
        }
    }
}
