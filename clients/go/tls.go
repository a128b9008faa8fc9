package wanllmdb

import (
	"crypto/tls"
	"crypto/x509"
	"os"
)

// TLS is how a client verifies the services, and identifies itself to them.
type TLS struct {
	// CA is a PEM file with the authorities to trust; empty for the public ones.
	CA string
	// Cert and Key are PEM files with the client's certificate and its key, for services that
	// require them. Both or neither.
	Cert, Key string
	// ServerName is the name that the services' certificates must have; empty for the host in the
	// address, or in the first of several.
	ServerName string

	config *tls.Config
}

// tlsSettings returns the settings with their files read; nil for plain text.
func (o options) tlsSettings() (*TLS, error) {
	named := TLS{
		CA:         o.getenv(envTLSCA),
		Cert:       o.getenv(envTLSCert),
		Key:        o.getenv(envTLSKey),
		ServerName: o.getenv(envTLSName),
	}
	// A setting such as an authority implies TLS.
	wanted, err := o.switched(envTLS, named != TLS{})
	switch {
	case err != nil:
		return nil, err
	case o.plainText:
		return nil, nil
	case o.tls != nil:
		named = *o.tls
	case !wanted:
		return nil, nil
	}
	return &named, named.read()
}

// read reads the files, so that a bad one is reported before the first call.
func (t *TLS) read() error {
	t.config = &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case t.Cert != "" && t.Key == "":
		return invalid("TLS", "has the certificate %s without a key: set %s, too", t.Cert, envTLSKey)
	case t.Cert == "" && t.Key != "":
		return invalid("TLS", "has the key %s without a certificate: set %s, too", t.Key, envTLSCert)
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return invalid("TLS", "can't read the authorities: %v", err)
		}
		t.config.RootCAs = x509.NewCertPool()
		if !t.config.RootCAs.AppendCertsFromPEM(pem) {
			return invalid("TLS", "finds no certificates in PEM form in %s", t.CA)
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return invalid("TLS", "can't use the certificate %s with the key %s: %v", t.Cert, t.Key, err)
		}
		t.config.Certificates = []tls.Certificate{pair}
	}
	return nil
}

// configFor returns the configuration of connections to a service with this name.
func (t *TLS) configFor(serverName string) *tls.Config {
	config := t.config.Clone()
	config.ServerName = serverName
	return config
}
