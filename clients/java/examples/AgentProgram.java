import dev.wanllmdb.Client;

/** Works on the runs of the sweep that its argument names. */
class AgentProgram {
    record Params(double lr) {}

    public static void main(String[] arguments) throws InterruptedException {
        if (arguments.length != 1) {
            System.err.println("give the id of a sweep");
            System.exit(2);
        }
        try (Client client = Client.connect()) {
            client.agent(arguments[0]).run(run -> {
                Params params = run.parameters(Params.class);
                run.log("loss", Math.abs(Math.log10(params.lr()) + 2.5));
            });
        }
    }
}
