package wanllmdb

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"google.golang.org/grpc/resolver"
)

// replicaScheme begins the targets of lists of replicas, which gRPC has no resolver for.
const replicaScheme = "wanllmdb"

// target returns what gRPC connects to, and the resolver that it needs for that, or nil.
func (e Endpoint) target() (string, resolver.Builder) {
	scheme, rest, _ := strings.Cut(e.Address, ":")
	switch {
	case e.isTarget && (scheme == "ipv4" || scheme == "ipv6"):
		return replicaScheme + ":///" + scheme, replicaResolver(strings.Split(rest, ","))
	case e.isTarget:
		return e.Address, nil
	case len(e.Replicas) == 1:
		return "dns:///" + e.Replicas[0], nil
	default:
		return replicaScheme + ":///replicas", replicaResolver(e.Replicas)
	}
}

// replicaResolver resolves a list of host:port to all of their addresses, once.
type replicaResolver []string

func (replicaResolver) Scheme() string { return replicaScheme }

func (r replicaResolver) Build(
	_ resolver.Target, connection resolver.ClientConn, _ resolver.BuildOptions,
) (resolver.Resolver, error) {
	ctx, cancel := context.WithCancel(context.Background())
	lookup := &replicaLookup{connection: connection, cancel: cancel, again: make(chan struct{}, 1)}
	go lookup.work(ctx, r)
	return lookup, nil
}

type replicaLookup struct {
	connection resolver.ClientConn
	cancel     context.CancelFunc
	again      chan struct{}
}

// ResolveNow tries again to resolve names that did not resolve.
func (l *replicaLookup) ResolveNow(resolver.ResolveNowOptions) {
	select {
	case l.again <- struct{}{}:
	default:
	}
}

func (l *replicaLookup) Close() { l.cancel() }

func (l *replicaLookup) work(ctx context.Context, replicas []string) {
	for {
		addresses, err := resolved(ctx, replicas)
		if err == nil {
			err = l.connection.UpdateState(resolver.State{Addresses: addresses})
			if err == nil {
				return
			}
		}
		l.connection.ReportError(err)
		if pause(ctx, time.Second) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-l.again:
		}
	}
}

// resolved returns the addresses of all replicas, which must be of one kind.
func resolved(ctx context.Context, replicas []string) ([]resolver.Address, error) {
	var found []resolver.Address
	var kinds [2]bool
	for _, replica := range replicas {
		host, port, err := net.SplitHostPort(strings.TrimSpace(replica))
		if err != nil {
			return nil, err
		}
		all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return nil, err
		}
		for _, ip := range ofOneKind(all) {
			if ip.Is4() {
				kinds[0] = true
			} else {
				kinds[1] = true
			}
			found = append(found, resolver.Address{Addr: net.JoinHostPort(ip.String(), port)})
		}
	}
	if kinds[0] && kinds[1] {
		return nil, fmt.Errorf("the names %s resolve to IPv4 and to IPv6: name one kind only",
			strings.Join(replicas, ", "))
	}
	return found, nil
}

// ofOneKind returns the IPv4 addresses, else those of IPv6.
func ofOneKind(all []netip.Addr) []netip.Addr {
	var four []netip.Addr
	for i, ip := range all {
		all[i] = ip.Unmap()
		if all[i].Is4() {
			four = append(four, all[i])
		}
	}
	if len(four) > 0 {
		return four
	}
	return all
}
