package dev.wanllmdb;

import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.SSLException;

/** Reads the files of TLS settings. */
final class TlsFiles {
    private TlsFiles() {}

    /** Reads the files, so that a bad one is reported before the first call. */
    static void check(Tls tls) {
        context(tls);
    }

    /** Returns what connections of these settings use. */
    static SslContext context(Tls tls) {
        if (tls.certificate() != null && tls.key() == null) {
            throw new InvalidException(
                    "TLS",
                    "has the certificate " + tls.certificate() + " without a key: set "
                            + Variables.TLS_KEY + ", too");
        }
        if (tls.certificate() == null && tls.key() != null) {
            throw new InvalidException(
                    "TLS",
                    "has the key " + tls.key() + " without a certificate: set "
                            + Variables.TLS_CERT + ", too");
        }
        SslContextBuilder builder = GrpcSslContexts.forClient();
        if (tls.ca() != null) {
            requireFile(tls.ca());
            try {
                builder.trustManager(tls.ca().toFile());
            } catch (IllegalArgumentException e) {
                throw new InvalidException(
                        "TLS", "finds no certificates in PEM form in " + tls.ca());
            }
        }
        if (tls.certificate() != null) {
            requireFile(tls.certificate());
            requireFile(tls.key());
            try {
                builder.keyManager(tls.certificate().toFile(), tls.key().toFile());
            } catch (IllegalArgumentException e) {
                throw new InvalidException(
                        "TLS",
                        "can't use the certificate " + tls.certificate() + " with the key "
                                + tls.key() + ", which must be in PEM form and PKCS #8: "
                                + e.getMessage());
            }
        }
        try {
            return builder.build();
        } catch (SSLException e) {
            throw new InvalidException("TLS", "can't be used: " + e.getMessage());
        }
    }

    private static void requireFile(Path path) {
        if (!Files.isReadable(path)) {
            throw new InvalidException("TLS", "can't read " + path + ": there is no such file");
        }
    }
}
