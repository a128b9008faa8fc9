package wanllmdb

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
)

const key = "wsk_abc123_sssssssssssssssssssssssssssssssssssssssssss"

// guarded is a registry that takes one key alone.
type guarded struct {
	registryv1.UnimplementedSweepRegistryServiceServer

	mu   sync.Mutex
	key  string
	keys []string
}

// change sets the key that it takes from now on.
func (g *guarded) change(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.key = key
}

// received returns the keys of all calls.
func (g *guarded) received() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.keys)
}

func (g *guarded) check(ctx context.Context) error {
	sent, _ := metadata.FromIncomingContext(ctx)
	got := strings.TrimPrefix(strings.Join(sent["authorization"], ""), "Bearer ")
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keys = append(g.keys, got)
	if got != g.key {
		return status.Error(codes.Unauthenticated, "another key is needed")
	}
	return nil
}

func (g *guarded) GetServerInfo(
	ctx context.Context, _ *registryv1.GetServerInfoRequest,
) (*registryv1.GetServerInfoResponse, error) {
	return &registryv1.GetServerInfoResponse{Version: "1"}, g.check(ctx)
}

func (g *guarded) WatchSweep(
	_ *registryv1.WatchSweepRequest, stream grpc.ServerStreamingServer[registryv1.WatchSweepResponse],
) error {
	if err := g.check(stream.Context()); err != nil {
		return err
	}
	return stream.Send(&registryv1.WatchSweepResponse{Revision: 7})
}

func (g *guarded) start(t *testing.T, options ...grpc.ServerOption) string {
	t.Helper()
	return serve(t, g, options...)
}

// serve serves a registry until the test ends, and returns its address.
func serve(
	t *testing.T, registry registryv1.SweepRegistryServiceServer, options ...grpc.ServerOption,
) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	registryv1.RegisterSweepRegistryServiceServer(server, registry)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func connected(t *testing.T, options ...Option) *Client {
	t.Helper()
	none := WithEnvironment(func(string) string { return "" })
	client, err := Connect(append([]Option{none}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func TestTLSOfBothSides(t *testing.T) {
	files := t.TempDir()
	ca, pair := certificates(t, files)
	server := &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: ca, ClientAuth: tls.RequireAndVerifyClientCert,
	}
	g := &guarded{key: key}
	address := g.start(t, grpc.Creds(credentials.NewTLS(server)))
	settings := TLS{
		CA: filepath.Join(files, "cert.pem"), Cert: filepath.Join(files, "cert.pem"),
		Key: filepath.Join(files, "key.pem"), ServerName: "registry.example",
	}
	client := connected(t, WithRegistry(address), WithAPIKey(key), WithTLS(settings))
	if _, err := client.Registry.GetServerInfo(t.Context(), nil); err != nil {
		t.Error(err)
	}
	settings.ServerName = ""
	other := connected(t, WithRegistry(address), WithTLS(settings))
	_, err := other.Registry.GetServerInfo(t.Context(), nil)
	if codeOf(err) != codes.Unavailable || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate for another name gives %v", err)
	}
}

func TestAKeyIsReadAgainForCallsAndStreams(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	other := strings.Replace(key, "abc123", "abc124", 1)
	for name, call := range map[string]func(*Client) error{
		"a call": func(c *Client) error {
			_, err := c.Registry.GetServerInfo(t.Context(), nil)
			return err
		},
		"a stream": func(c *Client) error {
			for change, err := range c.Watch(t.Context(), "s") {
				if err != nil || change.GetRevision() != 7 {
					return errors.Join(err, errors.New("no change"))
				}
			}
			return nil
		},
	} {
		write(t, file, []byte(key+"\n"))
		g := &guarded{key: other}
		client := connected(t, WithRegistry(g.start(t)), WithAPIKeyFile(file))
		write(t, file, []byte(other+"\n"))
		if err := call(client); err != nil || len(g.received()) != 2 {
			t.Errorf("%s: %v, with the keys %v", name, err, g.received())
		}
		g.change("none")
		if err := call(client); codeOf(err) != codes.Unauthenticated || len(g.received()) != 3 {
			t.Errorf("%s: %v, with the keys %v", name, err, g.received())
		}
	}
}

// conflicting is a registry that can't store the first request.
type conflicting struct {
	registryv1.UnimplementedSweepRegistryServiceServer

	ids []string
}

func (c *conflicting) CreateSweep(
	_ context.Context, request *registryv1.CreateSweepRequest,
) (*registryv1.CreateSweepResponse, error) {
	c.ids = append(c.ids, request.GetRequestId())
	if len(c.ids) == 1 {
		return nil, status.Error(codes.Unavailable, "the write conflicted with another one")
	}
	return &registryv1.CreateSweepResponse{Sweep: &registryv1.Sweep{SweepId: "s"}}, nil
}

func TestALargeRequestIsRepeatedAsASmallOne(t *testing.T) {
	for _, size := range []int{1, 1 << 20} {
		c := &conflicting{}
		client := connected(t, WithRegistry(serve(t, c)))
		_, err := client.CreateSweep(t.Context(), Config(strings.Repeat("x", size)))
		if err != nil || len(c.ids) != 2 || c.ids[0] != c.ids[1] {
			t.Errorf("%d bytes: got %v after the requests %v", size, err, c.ids)
		}
	}
}

func TestCallsAreSpreadOverTheReplicasOfAList(t *testing.T) {
	first, second := &guarded{}, &guarded{}
	_, port, _ := net.SplitHostPort(second.start(t))
	client := connected(t, WithRegistry(first.start(t)+", localhost:"+port))
	for range 100 {
		if _, err := client.Registry.GetServerInfo(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if len(first.received()) > 0 && len(second.received()) > 0 {
			return
		}
	}
	t.Errorf("one replica got %d calls, and the other %d", len(first.received()), len(second.received()))
}

func TestAnAddressThatGRPCDoesNotKnowIsInvalid(t *testing.T) {
	if _, err := Connect(WithRegistry("vsock:1:2")); !isInvalid(err) {
		t.Errorf("got the error %v", err)
	}
}

func TestAServiceThatIsNotThereIsNamed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	client := connected(t, WithRegistry(listener.Addr().String()))
	_, err = client.Sweep(t.Context(), "s")
	if codeOf(err) != codes.Unavailable || !strings.Contains(err.Error(), envRegistry) {
		t.Errorf("got the error %v", err)
	}
}

// certificates writes cert.pem and key.pem, of one that is its own authority.
func certificates(t *testing.T, folder string) (*x509.CertPool, tls.Certificate) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"registry.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{
			x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth,
		},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	privateText := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	write(t, filepath.Join(folder, "cert.pem"), text)
	write(t, filepath.Join(folder, "key.pem"), privateText)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	pair, err := tls.X509KeyPair(text, privateText)
	if err != nil {
		t.Fatal(err)
	}
	return pool, pair
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
