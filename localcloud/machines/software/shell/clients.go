package shell

import (
	"bufio"
	"cmp"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"geo-wordpress/localcloud/machines/software"
)

// Curl's exit codes.
const (
	curlMalformed   = 3
	curlResolve     = 6
	curlConnect     = 7
	curlHTTP        = 22
	curlTimeout     = 28
	curlTLS         = 35
	curlCertificate = 58
)

// clientTimeout is a client's default timeout for a connection or an answer.
const clientTimeout = 30 * time.Second

// fetch requests a URL, with a body by POST. If the connection or the answer times out, it sleeps for the timeout, the
// value of an option in seconds, at the container's pace.
func (c *call) fetch(address, option string, body ...string) (response software.Response, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return response, fmt.Errorf("URL %q: want http://host", address)
	}
	request := software.Request{Path: u.RequestURI(), Method: http.MethodGet}
	if len(body) > 0 {
		request.Method, request.Body = http.MethodPost, body[0]
	}
	return c.send(u.Hostname(), cmp.Or(u.Port(), "80"), option, nil, request)
}

// send sends a request, over TLS as the given identity if there is one.
func (c *call) send(host, port, option string, own *software.Identity, request software.Request) (response software.Response, err error) {
	request.Waited = clientTimeout
	if option != "" {
		if request.Waited, err = seconds(option); err != nil {
			return response, err
		}
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return response, err
	}
	c.outside(func(network software.Network) {
		var remote software.Remote
		if remote, err = network.Dial(host, number); err == nil && own != nil {
			request.TLS = true
			err = software.Handshake(own, remote.Program, number, host)
		}
		if err == nil {
			if response = remote.Send(request); response.Status == 0 {
				err = os.ErrDeadlineExceeded
			}
			if secured, ok := software.As[software.Secured](remote.Program); ok && own != nil {
				shown, _ := secured.Identity(number)
				response.Certificate = shown.Certificate
			}
		}
	})
	if software.TimedOut(err) {
		_ = c.sleepPaced(request.Waited)
	}
	return response, err
}

// netcat sends its input, which must be an HTTP request, to a server, and prints the answer.
func netcat(c *call) int {
	if len(c.operands) != 2 || c.in == nil {
		return 1
	}
	input := bufio.NewReader(c.in)
	got, err := http.ReadRequest(input)
	if err != nil {
		return 1
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		return 1
	}
	request := software.Request{Path: got.RequestURI, Method: got.Method, Body: string(body)}
	// At the end of its input, nc closes its end of the connection. A script keeps it open with a sleep.
	end := make(chan error, 1)
	go func() {
		_, err := input.Peek(1)
		end <- err
	}()
	select {
	case <-end:
		request.Closed = true
	case <-time.After(commandCost / 2):
	}
	response, err := c.send(c.operands[0], c.operands[1], c.options['w'], nil, request)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		<-c.ctx.Done()
	}
	if err != nil {
		return 1
	}
	fmt.Fprintf(c.out, "HTTP/1.0 %d %s\r\n\r\n%s", response.Status, http.StatusText(response.Status), response.Body)
	return 0
}

// wget fails on every answer except a success, as BusyBox's does.
func wget(c *call) int {
	if len(c.operands) != 1 {
		return 1
	}
	var body []string
	if data, given := c.options['p']; given {
		body = []string{data}
	}
	response, err := c.fetch(c.operands[0], c.options['T'], body...)
	if err != nil {
		return 1
	}
	if c.has('S') {
		fmt.Fprintf(c.err, "  HTTP/1.1 %d %s\n", response.Status, http.StatusText(response.Status))
	}
	if response.Status >= http.StatusBadRequest {
		return 1
	}
	switch output := c.options['O']; output {
	case "-":
		fmt.Fprint(c.out, response.Body)
	case "/dev/null":
	default:
		if output == "" || c.process.Files.Write(c.absolute(output), []byte(response.Body)) != nil {
			return 1
		}
	}
	return 0
}

// curl requests a URL. It knows https with an authority and a certificate given as options.
func curl(c *call) int {
	if len(c.operands) != 1 {
		return 2
	}
	if format, given := c.options['w']; given && format != certificates {
		return 2
	}
	u, err := url.Parse(c.operands[0])
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return curlMalformed
	}
	request := software.Request{Path: u.RequestURI(), Method: http.MethodGet}
	if data, given := c.options['d']; given {
		request.Method, request.Body = http.MethodPost, data
	}
	request.Method = cmp.Or(c.options['X'], request.Method)
	var own *software.Identity
	port := "80"
	if u.Scheme == "https" {
		request.HTTP2 = !c.has('1') // which servers offer in the handshake
		port = "443"
		absolute := func(name string) string {
			if name == "" {
				return ""
			}
			return c.absolute(name)
		}
		if own, err = software.ReadIdentity(c.process.Files, absolute(c.options['C']), absolute(c.options['E']), absolute(c.options['K'])); err != nil {
			fmt.Fprintf(c.err, "curl: (%d) %v\n", curlCertificate, err)
			return curlCertificate
		}
	}
	response, err := c.send(u.Hostname(), cmp.Or(u.Port(), port), c.options['m'], own, request)
	var dns *net.DNSError
	var handshake *software.HandshakeError
	switch {
	case errors.As(err, &handshake):
		return c.curlFails(curlTLS, err)
	case errors.As(err, &dns):
		return c.curlFails(curlResolve, err)
	case software.TimedOut(err):
		return c.curlFails(curlTimeout, err)
	case err != nil:
		return c.curlFails(curlConnect, err)
	}
	defer c.written(response)
	failed := response.Status >= http.StatusBadRequest
	if !failed || !c.has('f') {
		switch output := c.options['o']; output {
		case "":
			fmt.Fprint(c.out, response.Body)
		case "/dev/null":
		default:
			if err := c.process.Files.Write(c.absolute(output), []byte(response.Body)); err != nil {
				return c.curlFails(23, err)
			}
		}
	}
	if failed && (c.has('f') || c.has('B')) {
		return c.curlFails(curlHTTP, fmt.Errorf("the requested URL returned error: %d", response.Status))
	}
	return 0
}

// certificates is the only text that curl can write out here: the certificates that the server has shown.
const certificates = "%{certs}"

// written writes out, after the answer, what the option -w asks for. Curl precedes each certificate by lines that describe it.
func (c *call) written(response software.Response) {
	if shown := response.Certificate; shown != nil && c.options['w'] == certificates {
		fmt.Fprintf(c.out, "Subject:%s\n%s", shown.Subject, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: shown.Raw}))
	}
}

// curlFails says why curl fails, unless it is silent, and returns its code.
func (c *call) curlFails(code int, err error) int {
	if !c.has('s') || c.has('S') {
		fmt.Fprintf(c.err, "curl: (%d) %v\n", code, err)
	}
	return code
}
