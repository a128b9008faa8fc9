package dev.wanllmdb;

import java.nio.file.Path;

/**
 * How a client verifies the services, and identifies itself to them.
 *
 * @param ca a PEM file with the authorities to trust; null for those of the Java installation
 * @param certificate a PEM file with the client's certificate, for services that require one; null
 *     for none
 * @param key a PEM file with the certificate's key, in the form PKCS #8; null for none
 * @param serverName the name that the services' certificates must have; null for the host in the
 *     address, or in the first of several
 */
public record Tls(Path ca, Path certificate, Path key, String serverName) {
    /** TLS with the authorities of the Java installation. */
    public static final Tls DEFAULT = new Tls(null, null, null, null);

    /**
     * Returns these settings with other authorities.
     *
     * @param ca a PEM file
     * @return the settings
     */
    public Tls withCa(Path ca) {
        return new Tls(ca, certificate, key, serverName);
    }

    /**
     * Returns these settings with a certificate of the client.
     *
     * @param certificate a PEM file
     * @param key a PEM file with its key
     * @return the settings
     */
    public Tls withCertificate(Path certificate, Path key) {
        return new Tls(ca, certificate, key, serverName);
    }

    /**
     * Returns these settings with another name of the services.
     *
     * @param serverName the name in the services' certificates
     * @return the settings
     */
    public Tls withServerName(String serverName) {
        return new Tls(ca, certificate, key, serverName);
    }
}
