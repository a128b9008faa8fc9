package dev.wanllmdb.testee;

import dev.wanllmdb.GaveUpException;
import dev.wanllmdb.InvalidException;
import dev.wanllmdb.NoRunException;
import dev.wanllmdb.ServiceException;
import dev.wanllmdb.internal.Json;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads one JSON command a line, and writes one JSON answer a line. */
public final class Main {
    /** What not every language can do, and this one can. */
    private static final List<String> CAN =
            List.of(
                    "integers_of_64_bits",
                    "integers_beyond_64_bits",
                    "integers_in_json",
                    "texts_with_half_pairs");

    private static final Map<String, Operation> OPERATIONS =
            Map.ofEntries(
                    Map.entry("agent.run", Services::runAgent),
                    Map.entry("client.configure", Vectors::configure),
                    Map.entry("error.read", Vectors::readError),
                    Map.entry("heartbeat.pause", Vectors::heartbeatPause),
                    Map.entry("parameters.nest", Vectors::nestParameters),
                    Map.entry("process.run", Processes::run),
                    Map.entry("replica.choose", Vectors::chooseReplica),
                    Map.entry("run.find", Services::findRun),
                    Map.entry("runs.list", Services::listRuns),
                    Map.entry("sweep.build", Spaces::build),
                    Map.entry("sweep.create", Services::createSweep),
                    Map.entry("sweep.watch", Services::watchSweep),
                    Map.entry("value.read", Vectors::readValue),
                    Map.entry("value.write", Vectors::writeValue));

    /** Carries out one kind of command. */
    private interface Operation {
        Object carryOut(Given given) throws Exception;
    }

    private Main() {}

    /**
     * Answers commands until stdin ends; or works in a process of its own, as the command
     * process.run asks.
     *
     * @param arguments "process" for the latter
     * @throws Exception if the process fails
     */
    public static void main(String[] arguments) throws Exception {
        PrintStream answers =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        BufferedReader commands =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        if (arguments.length > 0) {
            Processes.work(new Given(Json.read(commands.readLine())), answers);
        } else {
            answer(commands, answers);
        }
        // Threads of gRPC would keep the process for a while.
        System.exit(0);
    }

    private static void answer(BufferedReader commands, PrintStream answers) throws IOException {
        for (String line; (line = commands.readLine()) != null; ) {
            Given command = new Given(Json.read(line));
            Map<String, Object> answer = new HashMap<>(answered(command));
            answer.put("id", command.value("id"));
            answers.println(Json.write(answer));
        }
    }

    private static Map<String, Object> answered(Given command) {
        String name = command.text("operation");
        if (name.equals("hello")) {
            return Map.of("result", Map.of("language", "java", "can", CAN));
        }
        Operation operation = OPERATIONS.get(name);
        if (operation == null) {
            return failed("unsupported", "there is no " + name);
        }
        Map<String, Object> answer = new HashMap<>();
        try {
            answer.put("result", operation.carryOut(command.object("given")));
            return answer;
        } catch (GaveUpException e) {
            return failed("gave_up", e.getMessage());
        } catch (ServiceException e) {
            return Map.of(
                    "error",
                    Map.of(
                            "kind", "service",
                            "message", e.getMessage(),
                            "reason", e.reasonName()));
        } catch (InvalidException e) {
            return failed("invalid", e.getMessage());
        } catch (NoRunException e) {
            return failed("no_run", e.getMessage());
        } catch (Exception e) {
            e.printStackTrace();
            return failed("crash", e.toString());
        }
    }

    private static Map<String, Object> failed(String kind, String message) {
        return Map.of("error", Map.of("kind", kind, "message", message));
    }
}
