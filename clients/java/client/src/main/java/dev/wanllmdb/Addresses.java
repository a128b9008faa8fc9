package dev.wanllmdb;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Reads the addresses of services. */
final class Addresses {
    /** What begins the addresses that are targets of gRPC. */
    private static final List<String> SCHEMES =
            List.of("dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "vsock:", "xds:");

    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    private Addresses() {}

    /** Returns the endpoint of an address; the source names the setting in errors. */
    static Endpoint endpoint(String given, String source) {
        String address = given.strip();
        if (SCHEMES.stream().anyMatch(address::startsWith)) {
            return new Endpoint(address, List.of(address), true, "");
        }
        List<String> replicas = new ArrayList<>();
        boolean hasFour = false;
        boolean hasSix = false;
        for (String part : address.split(",", -1)) {
            String replica = part.strip();
            String host = hostOf(replica);
            if (!isHostAndPort(replica, host)) {
                throw new InvalidException(
                        source,
                        "has the address \""
                                + replica
                                + "\", which is not host:port, such as localhost:50051");
            }
            hasFour |= IPV4.matcher(host).matches();
            hasSix |= isSix(host);
            replicas.add(joined(host, portOf(replica)));
        }
        if (hasFour && hasSix) {
            throw new InvalidException(
                    source, "mixes IPv4 and IPv6 in \"" + address + "\": name one kind only");
        }
        return new Endpoint(address, replicas, false, "");
    }

    /** Returns the host of the first replica, in which localhost is no number. */
    static String hostAsWritten(Endpoint endpoint) {
        return endpoint.isTarget() ? "" : hostOf(endpoint.address().split(",")[0].strip());
    }

    /** Returns whether all replicas can only be on this machine. */
    static boolean isLoopback(Endpoint endpoint) {
        if (!endpoint.isTarget()) {
            return endpoint.replicas().stream().allMatch(each -> isLoopbackHost(hostOf(each)));
        }
        String address = endpoint.address();
        String rest = address.substring(address.indexOf(':') + 1);
        switch (address.substring(0, address.indexOf(':'))) {
            case "unix", "unix-abstract":
                return true;
            case "dns", "ipv4", "ipv6":
                // dns://resolver/host:port; lists have commas.
                for (String part : rest.substring(rest.lastIndexOf('/') + 1).split(",")) {
                    if (!isLoopbackHost(hostOf(part))) {
                        return false;
                    }
                }
                return true;
            default:
                return false;
        }
    }

    /** Returns the host of host:port, or of [host]:port. */
    static String hostOf(String address) {
        String host = address.substring(0, Math.max(address.lastIndexOf(':'), 0));
        return host.startsWith("[") && host.endsWith("]")
                ? host.substring(1, host.length() - 1)
                : host;
    }

    /** Returns the port of host:port. */
    static int portOf(String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    private static boolean isHostAndPort(String address, String host) {
        String port = address.substring(address.lastIndexOf(':') + 1);
        if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) < 1
                || Integer.parseInt(port) > 65_535) {
            return false;
        }
        // A slash shows a URL, which would otherwise be looked up as a name.
        return !host.isEmpty() && !host.contains("/") && (isSix(host) || !host.contains(":"));
    }

    /** Returns host:port; localhost becomes 127.0.0.1, where servers listen. */
    private static String joined(String host, int port) {
        if (isSix(host)) {
            return "[" + host + "]:" + port;
        }
        return (host.equals("localhost") ? "127.0.0.1" : host) + ":" + port;
    }

    private static boolean isSix(String host) {
        return host.contains(":") && host.matches("[0-9a-fA-F:.]+(%.+)?");
    }

    private static boolean isLoopbackHost(String host) {
        return host.equals("localhost")
                || host.equals("::1")
                || host.equals("0:0:0:0:0:0:0:1")
                || host.startsWith("127.") && IPV4.matcher(host).matches();
    }
}
