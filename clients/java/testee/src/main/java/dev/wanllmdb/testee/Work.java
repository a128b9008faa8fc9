package dev.wanllmdb.testee;

import dev.wanllmdb.ActiveRun;
import dev.wanllmdb.Agent;
import dev.wanllmdb.Client;
import dev.wanllmdb.RunStoppedException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the code of each run does. */
final class Work {
    private static final long PAUSE_MILLIS = 50;

    /** How many values code that goes on logs at most. */
    private static final int MOST_LOGGED = 600;

    private final Given given;

    /** Follows the first value. */
    private final Runnable begun;

    private final List<Map<String, Object>> seen = new ArrayList<>();
    private int logged;

    Work(Given given, Runnable begun) {
        this.given = given;
        this.begun = begun;
    }

    /** Returns what the code of each run saw. */
    List<Map<String, Object>> seen() {
        return seen;
    }

    /** Returns the agent that was asked for. */
    Agent agent(Client client) {
        Agent agent = client.agent(given.text("sweep_id"));
        if (given.whole("count") > 0) {
            agent.count(given.whole("count"));
        }
        if (given.has("agent_id")) {
            agent.id(given.text("agent_id"));
        }
        if (given.truth("resume")) {
            agent.resume();
        }
        return agent;
    }

    /** The code of a run. */
    void train(ActiveRun run) throws Exception {
        Map<String, Object> record = new HashMap<>();
        record.put("parameters", run.parameters());
        record.put("resumed", run.isResumed());
        record.put("stopped", false);
        seen.add(record);
        logged = 0;
        try {
            log(run);
        } catch (RunStoppedException | InterruptedException e) {
            record.put("stopped", true);
            throw e;
        } finally {
            record.put("logged", logged);
        }
        if (given.has("fails")) {
            throw new IllegalStateException(given.text("fails"));
        }
    }

    private void log(ActiveRun run) throws InterruptedException {
        for (Object value : given.list("values")) {
            log(run, Described.number(value));
        }
        // Until then the values can arrive before the end of the run.
        Thread.sleep((long) (given.number("seconds") * 1000));
        while (given.truth("goes_on") && logged < MOST_LOGGED) {
            log(run, 1.0);
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    private void log(ActiveRun run, double value) {
        Map<String, Object> values = new HashMap<>();
        values.put("loss", value);
        given.texts("names").forEach(name -> values.put(name, 0.5));
        run.log(values);
        logged++;
        if (logged == 1) {
            begun.run();
        }
    }
}
