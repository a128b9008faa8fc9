package wanllmdb

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// schemes begin the addresses that are targets of gRPC.
var schemes = []string{"dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "vsock:", "xds:"}

// Endpoint is where one of the two services is.
type Endpoint struct {
	// Address is what the program or its environment gave, else the default.
	Address string
	// Replicas are the entries of the address as host:port, or the one target of gRPC.
	Replicas []string
	// ServerName is the name that the service's certificate must have; empty without TLS, and for
	// a target of gRPC, which has the name.
	ServerName string

	isTarget bool
}

// newEndpoint returns the endpoint of an address; source names the setting in errors.
func newEndpoint(address, source string) (Endpoint, error) {
	address = strings.TrimSpace(address)
	if hasScheme(address) {
		return Endpoint{Address: address, Replicas: []string{address}, isTarget: true}, nil
	}
	endpoint := Endpoint{Address: address}
	var kinds [2]bool
	for part := range strings.SplitSeq(address, ",") {
		host, port, ok := hostAndPort(strings.TrimSpace(part))
		if !ok {
			return Endpoint{}, invalid(source, "has the address %q, which is not host:port, such as "+
				"localhost:50051", strings.TrimSpace(part))
		}
		if ip, err := netip.ParseAddr(host); err == nil {
			kinds[0] = kinds[0] || ip.Is4()
			kinds[1] = kinds[1] || ip.Is6()
		}
		endpoint.Replicas = append(endpoint.Replicas, net.JoinHostPort(host, port))
	}
	if kinds[0] && kinds[1] {
		return Endpoint{}, invalid(source, "mixes IPv4 and IPv6 in %q: name one kind only", address)
	}
	return endpoint, nil
}

// hostAsWritten returns the host of the first replica, in which localhost is no number.
func (e Endpoint) hostAsWritten() string {
	if e.isTarget {
		return ""
	}
	first, _, _ := strings.Cut(e.Address, ",")
	return hostOf(strings.TrimSpace(first))
}

// isLoopback reports whether all replicas can only be on this machine.
func (e Endpoint) isLoopback() bool {
	if !e.isTarget {
		return !slices.ContainsFunc(e.Replicas, func(replica string) bool {
			return !isLoopbackHost(hostOf(replica))
		})
	}
	scheme, rest, _ := strings.Cut(e.Address, ":")
	switch scheme {
	case "unix", "unix-abstract":
		return true
	case "dns", "ipv4", "ipv6":
		// dns://resolver/host:port; lists have commas.
		for part := range strings.SplitSeq(rest[strings.LastIndex(rest, "/")+1:], ",") {
			if !isLoopbackHost(hostOf(part)) {
				return false
			}
		}
		return true
	default:
		return false
	}
}

func hasScheme(address string) bool {
	return slices.ContainsFunc(schemes, func(scheme string) bool {
		return strings.HasPrefix(address, scheme)
	})
}

// hostAndPort splits an address; localhost becomes 127.0.0.1, where servers listen.
func hostAndPort(address string) (host, port string, ok bool) {
	colon := strings.LastIndex(address, ":")
	if colon < 0 {
		return "", "", false
	}
	host, port = hostOf(address), address[colon+1:]
	number, err := strconv.ParseUint(port, 10, 16)
	// A slash shows a URL, which would otherwise be looked up as a name.
	if err != nil || number == 0 || host == "" || strings.Contains(host, "/") {
		return "", "", false
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	return host, port, true
}

func hostOf(address string) string {
	host := address[:max(strings.LastIndex(address, ":"), 0)]
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

func isLoopbackHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost"
}
