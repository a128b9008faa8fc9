package dev.wanllmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.util.Base64;

/**
 * A certificate that is its own authority, for 127.0.0.1 and localhost.
 *
 * @param file the certificate as PEM
 * @param key its key as PEM
 */
record Certificate(Path file, Path key) {
    private static final String PASSWORD = "changeit";

    /** Makes one in a folder, with the tool of the Java installation. */
    static Certificate in(Path folder) throws Exception {
        Path store = folder.resolve("store.p12");
        Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
        Process process =
                new ProcessBuilder(
                                keytool.toString(),
                                "-genkeypair", "-alias", "test", "-keyalg", "EC",
                                "-storetype", "PKCS12", "-keystore", store.toString(),
                                "-storepass", PASSWORD, "-dname", "CN=localhost",
                                "-ext", "san=dns:localhost,ip:127.0.0.1")
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), output);
        KeyStore opened = KeyStore.getInstance("PKCS12");
        try (InputStream stream = Files.newInputStream(store)) {
            opened.load(stream, PASSWORD.toCharArray());
        }
        Key key = opened.getKey("test", PASSWORD.toCharArray());
        return new Certificate(
                pem(folder, "CERTIFICATE", opened.getCertificate("test").getEncoded()),
                pem(folder, "PRIVATE KEY", key.getEncoded()));
    }

    private static Path pem(Path folder, String kind, byte[] content) throws Exception {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        Path file = folder.resolve(kind + ".pem");
        return Files.writeString(
                file,
                "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
    }
}
