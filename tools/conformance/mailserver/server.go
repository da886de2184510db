// Package mailserver is an SMTP server for tests: github.com/emersion/go-smtp, which keeps what it is sent.
package mailserver

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// User is the name with which clients sign in.
const User = "apikey"

// Conduct says how a server behaves.
type Conduct struct {
	// Password is User's. Mail is taken only from whoever has signed in.
	Password string
	// Certificate of the server; nil offers no TLS.
	Certificate *tls.Certificate
	// FromTheStart expects TLS before the first word (SMTPS); otherwise clients ask for it (STARTTLS).
	FromTheStart bool
}

// Message is a mail that arrived.
type Message struct {
	From string
	To   []string
	Data string // header and text
	TLS  bool
}

// Server listens at one address. It starts with Serve.
type Server struct {
	address string

	lock        sync.Mutex
	server      *smtp.Server
	conduct     Conduct
	connections int
	messages    []Message
}

// New makes a server for an address.
func New(address string) *Server { return &Server{address: address} }

// Serve starts the server with a conduct, in place of the last one. It forgets what arrived.
func (s *Server) Serve(conduct Conduct) error {
	s.Close()
	server := smtp.NewServer(backend{s})
	server.Domain = "mail.example.com"
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	// A test that plays a server without TLS must see whether the client sends the password to it.
	server.AllowInsecureAuth = conduct.Certificate == nil
	server.ErrorLog = discard{}
	if conduct.Certificate != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*conduct.Certificate}}
		if conduct.FromTheStart {
			listener = tls.NewListener(listener, server.TLSConfig)
		}
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.server, s.conduct, s.connections, s.messages = server, conduct, 0, nil
	go func() { _ = server.Serve(listener) }()
	return nil
}

// Close stops the server.
func (s *Server) Close() {
	s.lock.Lock()
	server := s.server
	s.lock.Unlock()
	if server != nil {
		_ = server.Close()
	}
}

// Connections is the number of connections, without those that failed before TLS was up if it is needed from the start.
func (s *Server) Connections() int {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.connections
}

// Messages are the mails that arrived.
func (s *Server) Messages() []Message {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.messages
}

type backend struct{ *Server }

func (b backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.connections++
	return &session{server: b.Server, conn: c, password: b.conduct.Password}, nil
}

type session struct {
	server   *Server
	conn     *smtp.Conn
	password string
	signedIn bool
	message  Message
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != s.password {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.signedIn {
		return smtp.ErrAuthRequired
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.message = Message{From: from, TLS: encrypted}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.message.To = append(s.message.To, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if len(s.message.To) == 0 {
		return errors.New("no recipient")
	}
	s.message.Data = string(text)
	s.server.lock.Lock()
	defer s.server.lock.Unlock()
	s.server.messages = append(s.server.messages, s.message)
	return nil
}

func (s *session) Reset()        { s.message = Message{} }
func (s *session) Logout() error { return nil }

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}
