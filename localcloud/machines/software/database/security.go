package database

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// reach connects to a server of the cluster, as the caller's identity; nil without TLS.
func reach[T software.Program](network software.Network, own *software.Identity, to software.HostPort) (T, error) {
	server, err := software.Connect[T](network, to)
	if err != nil {
		return server, err
	}
	if err := software.Handshake(own, server, to.Port, to.Host); err != nil {
		var none T
		return none, fmt.Errorf("%s: %w", to, err)
	}
	return server, nil
}

// security are the files with which a server speaks TLS, and the common names that it admits.
type security struct {
	authorities, certificate, key string
	names                         []string
}

// identity reads the files; nil if there are none. All three must be there.
func (s security) identity(p *software.Process) (*software.Identity, error) {
	if s.authorities+s.certificate+s.key == "" {
		return nil, nil
	}
	if s.authorities == "" || s.certificate == "" || s.key == "" {
		return nil, errors.New("ca, cert and private key should be all configured")
	}
	own, err := software.ReadIdentity(p.Files, s.authorities, s.certificate, s.key)
	if err != nil {
		return nil, err
	}
	own.Names = s.names
	return own, nil
}

// renewed reads the files again if the certificate is another than a server's own, as servers do for every connection. It returns
// nil if nothing has changed.
func (s security) renewed(p *software.Process, own *software.Identity) *software.Identity {
	if own == nil {
		return nil
	}
	text, err := p.Files.Read(s.certificate)
	if block, _ := pem.Decode(text); err != nil || block == nil || bytes.Equal(block.Bytes, own.Certificate.Raw) {
		return nil
	}
	next, err := s.identity(p)
	if err != nil {
		return nil
	}
	return next
}

// renew takes a new certificate. Etcd knows the authorities of its start.
func (d *pd) renew() {
	if next := d.security.renewed(d.Process, d.tls); next != nil {
		next.Authorities = d.tls.Authorities
		d.identify(next)
	}
}

// identify sets PD's identity.
func (d *pd) identify(own *software.Identity) {
	d.tls = own
	d.forClients = &software.Identity{Authorities: own.Authorities, Certificate: own.Certificate}
}

// encrypted says whether a URL is one of TLS.
func encrypted(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https"
}

// Identity is PD's, on its ports. With URLs of http:// it speaks without TLS whatever its certificates.
func (d *pd) Identity(port int) (*software.Identity, time.Time) {
	switch {
	case software.Accepts(d.client, port, true) && d.clientTLS:
		return d.forClients, d.now
	case software.Accepts(d.peer, port, true) && d.peerTLS:
		return d.tls, d.now
	}
	return nil, d.now
}

// Identity is TiKV's, on both of its ports.
func (k *tikv) Identity(int) (*software.Identity, time.Time) { return k.tls, k.now }

// peerAt connects to a member, as its URL says.
func (d *pd) peerAt(network software.Network, m member) (*pd, error) {
	if encrypted(m.PeerURLs[0]) {
		return reach[*pd](network, d.tls, m.at())
	}
	return reach[*pd](network, nil, m.at())
}
