import org.codelibs.opensearch.runner.OpenSearchRunner;

/**
 * Runs one node on a port (vigie.port), with the arguments of its runner: whose own program takes few ports, and says neither
 * that it is ready nor why it is not.
 */
public class Run {
    public static void main(String[] arguments) throws Exception {
        var runner = new OpenSearchRunner();
        runner.onBuild((number, settings) -> settings.put("http.port", System.getProperty("vigie.port"))
            .put("transport.port", "0")
            .put("discovery.type", "single-node")
            .put("cluster.routing.allocation.disk.threshold_enabled", false));
        runner.build(arguments);
        runner.ensureYellow();
        System.out.println("The node is ready");
        Thread.currentThread().join();
    }
}
