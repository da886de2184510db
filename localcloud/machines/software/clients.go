package software

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Curl's exit codes that scripts distinguish.
const (
	curlResolve = 6
	curlConnect = 7
	curlHTTP    = 22
	curlTimeout = 28
)

// clientPatience is a client's default timeout for a connection or an answer.
const clientPatience = 30 * time.Second

var errHangs = errors.New("no answer")

// fetch requests a URL. If the connection or the answer times out, it waits for patience at the container's pace.
func (c *call) fetch(address string, patience time.Duration) (response Response, err error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return Response{}, err
	}
	port := 80
	if u.Scheme == "https" {
		port = 443
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return Response{}, err
		}
	}
	name := u.EscapedPath()
	if name == "" {
		name = "/"
	}
	if u.RawQuery != "" {
		name += "?" + u.RawQuery
	}
	c.outside(func(network Network) {
		var remote Remote
		if remote, err = network.Dial(u.Hostname(), port); err == nil {
			if response = remote.Get(name, patience); response.Status == 0 {
				err = errHangs
			}
		}
	})
	if err != nil && !quick(err) {
		_ = c.wait(c.ctx, c.process.Pace.Of(patience))
	}
	return response, err
}

// quick says whether a failure is immediate rather than a timeout.
func quick(err error) bool {
	var timeout net.Error
	return !errors.Is(err, errHangs) && !(errors.As(err, &timeout) && timeout.Timeout())
}

func seconds(text string, ok bool) time.Duration {
	n, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil || n <= 0 {
		return clientPatience
	}
	return time.Duration(n * float64(time.Second))
}

// wget fails on every answer except a success, as BusyBox's does.
func wget(c *call) int {
	rest := c.operands("-O", "-T", "-t", "-P", "-U", "--header", "--post-data", "--timeout", "--tries")
	if len(rest) == 0 {
		return 1
	}
	// option does not find a letter with a value in a bundle such as -qO-.
	output, _ := c.option("O", "output-document")
	for _, arg := range c.args {
		if strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && strings.HasSuffix(arg, "O-") {
			output = "-"
		}
	}
	if strings.HasPrefix(rest[0], "/") && len(rest) > 1 {
		output, rest = rest[0], rest[1:] // -qO file
	}
	response, err := c.fetch(rest[0], seconds(c.option("T", "timeout")))
	if err == nil && c.errors != nil && c.has("S", "server-response") {
		fmt.Fprintf(c.errors, "  HTTP/1.1 %d %s\n", response.Status, http.StatusText(response.Status))
	}
	if err != nil || response.Status >= 400 {
		return 1
	}
	switch {
	case output == "-":
		c.print(response.Body)
	case output != "" && output != "/dev/null" && !c.has("", "spider"):
		if c.process.Files.Write(c.resolve(output), []byte(response.Body)) != nil {
			return 1
		}
	}
	return 0
}

// curlValued are curl's options that take a value.
var curlValued = []string{
	"-o", "-m", "-H", "-X", "-d", "-u", "-w", "-A", "-e", "-b", "-c", "-K", "-x", "-T", "-F",
	"--output", "--max-time", "--header", "--request", "--data", "--data-raw", "--data-binary", "--user", "--write-out", "--user-agent", "--cookie",
	"--connect-timeout", "--retry", "--retry-delay", "--retry-max-time", "--resolve", "--cacert", "--cert", "--key",
}

func curl(c *call) int {
	// The last letter of a bundle may take a value: -sSo /dev/null.
	var args []string
	for _, arg := range c.args {
		if len(arg) > 2 && strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && slices.Contains(curlValued, "-"+arg[len(arg)-1:]) {
			args = append(args, arg[:len(arg)-1], "-"+arg[len(arg)-1:])
			continue
		}
		args = append(args, arg)
	}
	c.args = args
	urls := c.operands(curlValued...)
	if given, ok := c.option("", "url"); ok {
		urls = append(urls, given)
	}
	if len(urls) == 0 {
		return 2
	}
	patience := seconds(c.option("m", "max-time"))
	if at, ok := c.option("", "connect-timeout"); ok {
		patience = min(patience, seconds(at, true))
	}
	retries, _ := strconv.Atoi(first(c.option("", "retry")))
	delay := time.Second
	for {
		code, again := c.curlOnce(urls, patience)
		if code == 0 || !again || retries <= 0 || c.ctx.Err() != nil {
			return code
		}
		retries--
		if fixed, ok := c.option("", "retry-delay"); ok {
			delay = seconds(fixed, true)
		}
		_ = c.wait(c.ctx, c.process.Pace.Of(delay))
		delay = min(2*delay, 10*time.Minute)
	}
}

func first(s string, _ bool) string { return s }

// curlOnce fetches each URL. again says whether --retry covers the failure.
func (c *call) curlOnce(urls []string, patience time.Duration) (code int, again bool) {
	all := c.has("", "retry-all-errors")
	for _, address := range urls {
		response, err := c.fetch(address, patience)
		var dns *net.DNSError
		switch {
		case errors.As(err, &dns):
			return curlResolve, all
		case err != nil && quick(err):
			return curlConnect, all || c.has("", "retry-connrefused")
		case err != nil:
			return curlTimeout, true
		case response.Status >= 400 && (c.has("f", "fail") || c.has("", "fail-with-body")):
			return curlHTTP, all || response.Status >= 500 || response.Status == 408 || response.Status == 429
		}
		if output, ok := c.option("o", "output"); !ok {
			c.print(response.Body)
		} else if output != "/dev/null" && c.process.Files.Write(c.resolve(output), []byte(response.Body)) != nil {
			return 23, false
		}
		if format, ok := c.option("w", "write-out"); ok {
			fmt.Fprint(c.out, strings.NewReplacer("%{http_code}", strconv.Itoa(response.Status), "%{response_code}", strconv.Itoa(response.Status), `\n`, "\n").Replace(format))
		}
	}
	return 0, false
}

func netcat(c *call) int {
	rest := c.operands("-w", "-i", "-s", "-p")
	if len(rest) < 2 {
		return 1
	}
	port, err := strconv.Atoi(rest[len(rest)-1])
	if err != nil {
		return 1
	}
	c.outside(func(network Network) { _, err = network.Dial(rest[len(rest)-2], port) })
	if err != nil {
		if !quick(err) {
			_ = c.wait(c.ctx, c.process.Pace.Of(seconds(c.option("w", ""))))
		}
		return 1
	}
	return 0
}

func lookup(c *call) int {
	names := c.operands("-t", "-type")
	if c.name == "getent" && len(names) > 0 {
		names = names[1:]
	}
	if len(names) == 0 {
		return 1
	}
	var err error
	c.outside(func(network Network) {
		addresses, failure := network.Lookup(names[0])
		err = failure
		for _, address := range addresses {
			c.print(address.String() + " " + names[0])
		}
	})
	if err != nil {
		return 1
	}
	return 0
}

// mysqlClient connects once.
func mysqlClient(c *call) int {
	host, ok := c.option("h", "host")
	if !ok {
		host = "localhost"
	}
	port := 3306
	if text, ok := c.option("P", "port"); ok {
		var err error
		if port, err = strconv.Atoi(text); err != nil {
			return 1
		}
	}
	if err := c.query(hostPort{host, port}); err != nil {
		return 1
	}
	return 0
}

func (c *call) query(address hostPort) (err error) {
	c.outside(func(network Network) { err = query(network, address) })
	if err != nil && !quick(err) {
		_ = c.wait(c.ctx, c.process.Pace.Of(15*time.Second)) // default_socket_timeout
	}
	return err
}

// databaseVariable matches the environment variables that name a program's database.
var databaseVariable = regexp.MustCompile(`^(.*_)?(DB|MYSQL|MARIADB|DATABASE|TIDB)_(HOST|ADDR|ADDRESS|HOSTNAME)(_FILE)?$`)

// php runs a PHP script that connects to the databases named in its environment. A script that sleeps retries; any
// other tries once.
func php(c *call) int {
	scripts := c.operands("-d", "-c", "-r", "-z")
	patient := false
	if c.name == "php" && len(scripts) > 0 {
		name := c.resolve(scripts[0])
		content, err := c.process.Files.Read(name)
		if err != nil && c.process.Files.On(name) != Layer {
			c.process.log("php: could not open input file: %s", name)
			return 1
		}
		patient = strings.Contains(string(content), "sleep(")
	}
	p := *c.process
	p.Env = c.env
	for name := range c.env {
		if !databaseVariable.MatchString(name) {
			continue
		}
		address, err := c.databaseOf(&p, strings.TrimSuffix(name, "_FILE"))
		if err != nil {
			c.process.log("php: %v", err)
			return 1
		}
		for err = c.query(address); err != nil; err = c.query(address) {
			if !patient || c.ctx.Err() != nil {
				c.process.log("php: %v", err)
				return 1
			}
			if c.wait(c.ctx, c.process.Pace.Of(2*time.Second)) != nil {
				return 1
			}
		}
	}
	return 0
}

// databaseOf returns the database that a variable names. The port may be in a separate variable.
func (c *call) databaseOf(p *Process, name string) (hostPort, error) {
	if value := p.Env[name]; value != "" && !strings.Contains(value, ":") {
		stem := name[:strings.LastIndex(name, "_")]
		if port := p.Env[stem+"_PORT"]; port != "" {
			return parseHostPort(value + ":" + port)
		}
	}
	return database(p, name)
}
