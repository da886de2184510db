package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/BurntSushi/toml"
)

// security is the part of TiKV's configuration that the store reads: its certificate, and whom it admits.
type security struct {
	CA    string   `toml:"ca-path"`
	Cert  string   `toml:"cert-path"`
	Key   string   `toml:"key-path"`
	Names []string `toml:"cert-allowed-cn"`
}

// readSecurity reads TiKV's configuration file.
func readSecurity(file string) (security, error) {
	var config struct {
		Security security `toml:"security"`
	}
	_, err := toml.DecodeFile(file, &config)
	if s := config.Security; err == nil && (s.CA == "" || s.Cert == "" || s.Key == "" || len(s.Names) == 0) {
		err = fmt.Errorf("%s: ca-path, cert-path, key-path and cert-allowed-cn are required", file)
	}
	return config.Security, err
}

// settings returns the settings of a server and of a client. As TiKV does, both read the certificate again for every connection,
// and the server admits nobody without one of an admitted common name.
func (s security) settings() (server, client *tls.Config, err error) {
	text, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, nil, err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(text) {
		return nil, nil, fmt.Errorf("%s holds no certificate", s.CA)
	}
	own := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
		return &pair, err
	}
	if _, err := own(); err != nil {
		return nil, nil, err
	}
	server = &tls.Config{
		ClientAuth:     tls.RequireAndVerifyClientCert,
		ClientCAs:      authorities,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own() },
		VerifyConnection: func(state tls.ConnectionState) error {
			if !slices.Contains(s.Names, state.PeerCertificates[0].Subject.CommonName) {
				return errors.New("the client's common name is not admitted")
			}
			return nil
		},
	}
	client = &tls.Config{
		RootCAs:              authorities,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own() },
	}
	return server, client, nil
}
