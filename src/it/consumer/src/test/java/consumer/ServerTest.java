package consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.DrainReport;
import io.netty.channel.Channel;
import java.io.File;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

class ServerTest {
    @Test
    void uploadThatIsRefused_getsTheWholeAnswer_andTheDrainIsComplete() throws Exception {
        try (Server server = new Server();
                Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            client.setSoTimeout(60_000);
            OutputStream out = client.getOutputStream();
            String head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4194304\r\n\r\n";
            out.write(head.getBytes(StandardCharsets.US_ASCII));
            out.write(new byte[4 << 20]);
            String answer = new String(client.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertTrue(answer.startsWith("HTTP/1.1 413"), answer.substring(0, Math.min(100, answer.length())));
            assertEquals(Server.ANSWER, answer.length() - answer.indexOf("\r\n\r\n") - 4);
            client.close();
            assertEquals(DrainReport.Outcome.COMPLETE, server.drain().outcome());
        }
    }

    @Test
    void jar_isTheModule_withLicenceVersionAndMetadata() throws Exception {
        Module module = GracefulCloseHandler.class.getModule();
        assertEquals("dev.lastbyte", module.getName());
        assertTrue(Channel.class.getModule().isNamed());
        for (String resource : new String[] {
            "META-INF/LICENSE",
            "META-INF/NOTICE",
            "META-INF/native-image/dev.lastbyte/lastbyte/reflect-config.json",
            "META-INF/native-image/dev.lastbyte/lastbyte/resource-config.json"
        }) {
            try (var in = module.getResourceAsStream(resource)) {
                assertNotNull(in, resource);
            }
        }
        File jar = new File(GracefulCloseHandler.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        try (JarFile file = new JarFile(jar)) {
            assertEquals(
                    System.getProperty("lastbyte.version"),
                    file.getManifest().getMainAttributes().getValue("Implementation-Version"));
        }
    }
}
