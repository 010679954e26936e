package dev.lastbyte.demo.serve;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;

/**
 * A TLS identity that exists for one run of the demo: made by the JDK's keytool in a private directory that is deleted at
 * once. Stateless.
 */
final class SelfSigned {
    private static final long KEYTOOL_SECONDS = 60;
    private static final String PASSWORD_VARIABLE = "LASTBYTE_DEMO_STOREPASS";

    private SelfSigned() {}

    /**
     * A server context with a fresh certificate for localhost.
     *
     * @throws IOException if keytool cannot be run or fails
     */
    static SslContext serverContext() throws IOException, InterruptedException {
        byte[] secret = new byte[16];
        new SecureRandom().nextBytes(secret);
        String password = HexFormat.of().formatHex(secret);
        Path directory = Files.createTempDirectory("lastbyte-tls");
        Path store = directory.resolve("identity.p12");
        try {
            generate(store, password);
            return load(store, password.toCharArray());
        } catch (GeneralSecurityException e) {
            throw new IOException("--tls: the certificate made by keytool cannot be used: " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(store);
            Files.deleteIfExists(directory);
        }
    }

    private static void generate(Path store, String password) throws IOException, InterruptedException {
        ProcessBuilder keytool = new ProcessBuilder(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "demo",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-validity",
                "7",
                "-dname",
                "CN=localhost",
                "-ext",
                "SAN=dns:localhost,ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass:env",
                PASSWORD_VARIABLE));
        keytool.environment().put(PASSWORD_VARIABLE, password);
        Process process = keytool.redirectErrorStream(true).start();
        if (!process.waitFor(KEYTOOL_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("--tls: keytool did not end within " + KEYTOOL_SECONDS + " s");
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).trim();
        if (process.exitValue() != 0) {
            throw new IOException("--tls: keytool failed: " + output);
        }
    }

    private static SslContext load(Path store, char[] password) throws IOException, GeneralSecurityException {
        KeyStore identity = KeyStore.getInstance("PKCS12");
        try (InputStream stored = Files.newInputStream(store)) {
            identity.load(stored, password);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(identity, password);
        return SslContextBuilder.forServer(keys).build();
    }
}
