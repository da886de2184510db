package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"geo-wordpress/tools/conformance/sandbox"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// probe probes a container once, and returns why the probe failed.
func (p *Pod) probe(c *corev1.Container, process *sandbox.Process, probe *corev1.Probe) error {
	timeout := time.Duration(or(probe.TimeoutSeconds, 1)) * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	switch {
	case probe.Exec != nil:
		code, output, err := process.Exec(ctx, probe.Exec.Command...)
		if err == nil && code != 0 {
			err = fmt.Errorf("exit code %d: %s", code, output)
		}
		return err
	case probe.TCPSocket != nil:
		port, err := p.port(c, probe.TCPSocket.Port)
		if err != nil {
			return err
		}
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.hostPort(probe.TCPSocket.Host, port))
		if err != nil {
			return err
		}
		return connection.Close()
	}
	return p.probeHTTP(ctx, c, probe.HTTPGet)
}

// probeClient keeps no connections, and follows no redirects to other hosts.
var probeClient = &http.Client{
	Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil},
	CheckRedirect: func(request *http.Request, via []*http.Request) error {
		if request.URL.Hostname() != via[0].URL.Hostname() || len(via) > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	},
}

func (p *Pod) probeHTTP(ctx context.Context, c *corev1.Container, action *corev1.HTTPGetAction) error {
	port, err := p.port(c, action.Port)
	if err != nil {
		return err
	}
	if action.Scheme != "" && action.Scheme != corev1.URISchemeHTTP {
		return fmt.Errorf("the scheme %s is not supported", action.Scheme)
	}
	at, err := url.Parse(action.Path) // with its query
	if err != nil {
		return err
	}
	at.Scheme, at.Host = "http", p.hostPort(action.Host, port)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "kube-probe/1.33")
	for _, header := range action.HTTPHeaders {
		request.Header.Set(header.Name, header.Value)
	}
	response, err := probeClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 10<<10))
	if err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	return nil
}

func (p *Pod) hostPort(host string, port int) string {
	if host == "" {
		host = p.Network.Address.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

func (p *Pod) port(c *corev1.Container, port intstr.IntOrString) (int, error) {
	if port.Type == intstr.Int {
		return port.IntValue(), nil
	}
	for _, each := range c.Ports {
		if each.Name == port.StrVal {
			return int(each.ContainerPort), nil
		}
	}
	return 0, fmt.Errorf("the container has no port called %q", port.StrVal)
}

// or returns a declared number, or Kubernetes' default for it.
func or(declared, standard int32) int32 {
	if declared == 0 {
		return standard
	}
	return declared
}

// watch probes a container periodically, as declared, until it ends or report returns false. It calls report with each
// result that counts: true after enough successes in a row, false after enough failures.
func (p *Pod) watch(c *container, process *sandbox.Process, kind string, probe *corev1.Probe, report func(ok bool, why error) (goOn bool)) {
	pause := func(seconds int32) bool {
		select {
		case <-process.Ended():
			return false
		case <-time.After(time.Duration(seconds) * time.Second):
			return true
		}
	}
	if !pause(probe.InitialDelaySeconds) {
		return
	}
	var successes, failures int32
	for {
		if !p.frozen.Load() {
			err := p.probe(c.spec, process, probe)
			select {
			case <-process.Ended():
				return
			default:
			}
			if err == nil {
				successes, failures = successes+1, 0
				if successes >= or(probe.SuccessThreshold, 1) && !report(true, nil) {
					return
				}
			} else {
				successes, failures = 0, failures+1
				p.event(c.spec.Name, "Unhealthy", fmt.Sprintf("%s probe: %v", kind, brief(err)))
				if failures >= or(probe.FailureThreshold, 3) && !report(false, err) {
					return
				}
			}
		}
		if !pause(or(probe.PeriodSeconds, 10)) {
			return
		}
	}
}

func brief(err error) error {
	if text := err.Error(); len(text) > 300 {
		return errors.New(text[:300] + "...")
	}
	return err
}
