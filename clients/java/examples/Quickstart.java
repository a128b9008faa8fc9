import static dev.wanllmdb.Distribution.ints;
import static dev.wanllmdb.Distribution.logUniform;

import dev.wanllmdb.Client;
import dev.wanllmdb.Hyperband;
import dev.wanllmdb.Metric;
import dev.wanllmdb.Spec;

/** Searches for a learning rate and a number of layers, with one agent. */
class Quickstart {
    record Params(double lr, int layers) {}

    public static void main(String[] arguments) throws InterruptedException {
        // WANLLMDB_REGISTRY and others, else services on this machine.
        try (Client client = Client.connect()) {
            String id = client.createSweep(
                    Spec.bayes(Metric.minimize("loss"))
                            .param("lr", logUniform(1e-4, 0.1))
                            .param("layers", ints(1, 4))
                            .hyperband(Hyperband.minIter(2))
                            .runCap(20));
            client.agent(id).run(run -> {
                Params params = run.parameters(Params.class);
                for (int epoch = 1; epoch <= 5; epoch++) {
                    double loss = Math.abs(Math.log10(params.lr()) + 2.5)
                            + 0.1 * params.layers() + 1.0 / epoch;
                    run.log("loss", loss); // throws when the run is to stop: let it pass
                }
            });
            client.bestRun(id).ifPresent(best ->
                    System.out.printf("best: run %d of sweep %s with a loss of %.3f%n",
                            best.getNumber(), id, best.getObjective()));
        }
    }
}
