package shell

import (
	"bufio"
	"cmp"
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
	curlResolve = 6
	curlConnect = 7
	curlHTTP    = 22
	curlTimeout = 28
)

// clientTimeout is a client's default timeout for a connection or an answer.
const clientTimeout = 30 * time.Second

// fetch requests a URL. If the connection or the answer times out, it sleeps for the timeout, the value of an option in
// seconds, at the container's pace.
func (c *call) fetch(address, option string) (response software.Response, err error) {
	timeout := clientTimeout
	if option != "" {
		if timeout, err = seconds(option); err != nil {
			return response, err
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return response, fmt.Errorf("URL %q: want http://host", address)
	}
	port, err := strconv.Atoi(cmp.Or(u.Port(), "80"))
	if err != nil {
		return response, err
	}
	return c.send(u.Hostname(), port, software.Request{Path: u.RequestURI(), Waited: timeout})
}

// send sends a request, which may wait for as long as it says.
func (c *call) send(host string, port int, request software.Request) (response software.Response, err error) {
	c.outside(func(network software.Network) {
		var remote software.Remote
		if remote, err = network.Dial(host, port); err == nil {
			if response = remote.Send(request); response.Status == 0 {
				err = os.ErrDeadlineExceeded
			}
		}
	})
	if software.TimedOut(err) {
		_ = c.sleepPaced(request.Waited)
	}
	return response, err
}

// wget fails on every answer except a success, as BusyBox's does.
func wget(c *call) int {
	if len(c.operands) != 1 {
		return 1
	}
	response, err := c.fetch(c.operands[0], c.options['T'])
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

func curl(c *call) int {
	if len(c.operands) != 1 {
		return 2
	}
	response, err := c.fetch(c.operands[0], c.options['m'])
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return curlResolve
	case software.TimedOut(err):
		return curlTimeout
	case err != nil:
		return curlConnect
	case response.Status >= http.StatusBadRequest && c.has('f'):
		return curlHTTP
	}
	fmt.Fprint(c.out, response.Body)
	return 0
}

// netcat sends its input, which must be an HTTP request, and prints the answer.
func netcat(c *call) int {
	if len(c.operands) != 2 || c.in == nil {
		return 1
	}
	port, err := strconv.Atoi(c.operands[1])
	if err != nil {
		return 1
	}
	sent, err := http.ReadRequest(bufio.NewReader(c.in))
	if err != nil {
		return 1
	}
	body, err := io.ReadAll(sent.Body)
	if err != nil {
		return 1
	}
	timeout := clientTimeout
	if option, ok := c.options['w']; ok {
		if timeout, err = seconds(option); err != nil {
			return 1
		}
	}
	response, err := c.send(c.operands[0], port, software.Request{
		Method: sent.Method, Path: sent.URL.RequestURI(), Body: string(body), Waited: timeout,
	})
	if err != nil {
		return 1
	}
	fmt.Fprintf(c.out, "HTTP/1.0 %d %s\r\n\r\n%s", response.Status, http.StatusText(response.Status), response.Body)
	return 0
}
