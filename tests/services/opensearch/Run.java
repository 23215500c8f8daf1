import java.lang.reflect.Proxy;

/**
 * Runs one node on a port (vigie.port), with the arguments of its runner: whose own program takes few ports, and says neither
 * that it is ready nor why it is not. The runner's classes are of a newer Java than the one that compiles this: they are found
 * by their names.
 */
public class Run {
    private static final String RUNNER = "org.codelibs.opensearch.runner.OpenSearchRunner";

    public static void main(String[] arguments) throws Exception {
        var type = Class.forName(RUNNER);
        var builder = Class.forName(RUNNER + "$Builder");
        var runner = type.getConstructor().newInstance();
        var build = Proxy.newProxyInstance(Run.class.getClassLoader(), new Class<?>[] {builder}, (self, method, given) -> {
            put(given[1], "http.port", System.getProperty("vigie.port"));
            put(given[1], "transport.port", "0");
            put(given[1], "discovery.type", "single-node");
            put(given[1], "cluster.routing.allocation.disk.threshold_enabled", "false");
            return null;
        });
        type.getMethod("onBuild", builder).invoke(runner, build);
        type.getMethod("build", String[].class).invoke(runner, (Object) arguments);
        type.getMethod("ensureYellow", String[].class).invoke(runner, (Object) new String[0]);
        System.out.println("The node is ready");
        Thread.currentThread().join();
    }

    private static void put(Object settings, String name, String value) throws Exception {
        settings.getClass().getMethod("put", String.class, String.class).invoke(settings, name, value);
    }
}
