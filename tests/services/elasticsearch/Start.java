import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Path;
import org.elasticsearch.bootstrap.ServerArgs;
import org.elasticsearch.common.io.stream.BytesStreamOutput;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.KeyStoreWrapper;
import org.elasticsearch.common.settings.Settings;

/**
 * Starts the server in this machine: folder of settings, folder of logs, home, and a password for the user `elastic`, or "-".
 *
 * Elasticsearch's own launcher is a second machine, which gives the server its arguments by standard input and would take
 * the signals in its place.
 */
public class Start {
    public static void main(String[] arguments) throws Exception {
        var settings = Path.of(arguments[0]);
        var logs = Path.of(arguments[1]);
        LogConfigurator.configureESLogging();
        var secrets = KeyStoreWrapper.create();
        if (!arguments[3].equals("-")) {
            secrets.setString("bootstrap.password", arguments[3].toCharArray());
        }
        // The server looks for the file, though it takes what is in it from here.
        secrets.save(settings, new char[0]);
        var node = Settings.builder().loadFromPath(settings.resolve("elasticsearch.yml"))
            .put("path.home", arguments[2]).put("path.logs", logs.toString()).build();
        var out = new BytesStreamOutput();
        new ServerArgs(false, false, null, secrets, node, settings, logs).writeTo(out);
        var bytes = new ByteArrayInputStream(out.bytes().toBytesRef().bytes, 0, out.size());
        System.setIn(new SequenceInputStream(bytes, new Endless()));
        var main = Class.forName("org.elasticsearch.bootstrap.Elasticsearch").getDeclaredMethod("main", String[].class);
        main.setAccessible(true);
        main.invoke(null, (Object) new String[0]);
    }

    /** The server ends when its input does. */
    private static class Endless extends InputStream {
        @Override
        public synchronized int read() {
            while (true) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    // Nobody who interrupts it has anything for it to read.
                }
            }
        }
    }
}
