import dev.wanllmdb.Client;

/** Is a program for a command agent: {@code wanllmdb agent SWEEP -- java ... ChildProgram.java}. */
class ChildProgram {
    record Params(double lr) {}

    public static void main(String[] arguments) throws Exception {
        try (Client client = Client.connect()) {
            client.child(run -> {
                Params params = run.parameters(Params.class);
                for (int epoch = 1; epoch <= 5; epoch++) {
                    run.log("loss", Math.abs(Math.log10(params.lr()) + 2.5) + 1.0 / epoch);
                }
            });
        }
    }
}
