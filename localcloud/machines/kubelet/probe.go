package kubelet

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	kubeprobe "k8s.io/kubernetes/pkg/probe"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/shell"
)

// shortestPeriod is the lower limit of the probe period, so that a fast pace does not probe continuously.
const shortestPeriod = 200 * time.Millisecond

// verdict is the result of a probe at a moment.
type verdict int

const (
	unchanged verdict = iota
	passed            // SuccessThreshold times in a row
	givenUp           // failed FailureThreshold times in a row
)

// probe evaluates one probe of a container. A nil probe never changes the container.
type probe struct {
	container *container
	kind      string
	spec      *corev1.Probe
	next      time.Time
	successes int32
	failures  int32
	positive  bool // it has passed, and has not been given up since
}

func newProbe(ct *container, kind string, spec *corev1.Probe, now time.Time) *probe {
	if spec == nil {
		return nil
	}
	p := &probe{container: ct, kind: kind, spec: spec}
	p.begin(now)
	return p
}

// begin resets the probe: when the container starts, and for liveness and readiness when it counts as started.
func (p *probe) begin(now time.Time) {
	if p != nil {
		p.next = now.Add(p.container.pod.pace(time.Duration(p.spec.InitialDelaySeconds) * time.Second))
		p.successes, p.failures = 0, 0
	}
}

// adopt continues from the last reported result.
func (p *probe) adopt(positive bool) {
	if p != nil {
		p.positive = positive
	}
}

func (p *probe) check(now time.Time) verdict {
	if p == nil || now.Before(p.next) {
		return unchanged
	}
	period := max(p.container.pod.pace(time.Duration(max(p.spec.PeriodSeconds, 1))*time.Second), shortestPeriod)
	p.next = now.Add(period)
	err := p.attempt()
	if err == nil {
		p.failures = 0
		p.successes++
		if p.successes >= max(p.spec.SuccessThreshold, 1) {
			p.positive = true
			return passed
		}
		return unchanged
	}
	p.successes = 0
	p.failures++
	// A kubelet reports every failure. A starting program is expected to fail its probes, which would be the only
	// warnings of a healthy start. So report only failures after a success, and the one that reaches the threshold.
	if p.positive || p.failures == max(p.spec.FailureThreshold, 1) {
		p.container.event(corev1.EventTypeWarning, "Unhealthy", "%s probe failed: %v", p.kind, err)
	}
	if p.failures >= max(p.spec.FailureThreshold, 1) {
		p.positive = false
		return givenUp
	}
	return unchanged
}

// attempt probes once. The kubelet probes from the node, and every policy admits a node's packets to its own pods.
func (p *probe) attempt() error {
	ct := p.container
	view := ct.pod.kubelet.Network.From(ct.pod)
	switch handler := p.spec.ProbeHandler; {
	case handler.Exec != nil:
		if code := shell.Probe(ct.process, handler.Exec.Command, view); code != 0 {
			return fmt.Errorf("command %q exited with code %d", strings.Join(handler.Exec.Command, " "), code)
		}
		return nil
	case handler.HTTPGet != nil:
		port, err := kubeprobe.ResolveContainerPort(handler.HTTPGet.Port, ct.spec)
		if err != nil {
			return err
		}
		host := handler.HTTPGet.Host
		url := fmt.Sprintf("http://%s:%d%s", ct.pod.ip, port, handler.HTTPGet.Path)
		program := ct.pod.Listener(port, host == "127.0.0.1" || host == "localhost")
		if program == nil {
			//lint:ignore ST1005 the kubelet's own words
			return fmt.Errorf("Get %q: dial tcp %s:%d: connect: connection refused", url, ct.pod.ip, port)
		}
		switch response := software.Ask(program, port, p.request(handler.HTTPGet.Path), view); {
		case response.Status == 0:
			//lint:ignore ST1005 the kubelet's own words
			return fmt.Errorf("Get %q: context deadline exceeded (Client.Timeout exceeded while awaiting headers)", url)
		case response.Status < 200 || response.Status >= 400:
			return fmt.Errorf("HTTP probe failed with statuscode: %d", response.Status)
		}
		return nil
	case handler.TCPSocket != nil:
		port, err := kubeprobe.ResolveContainerPort(handler.TCPSocket.Port, ct.spec)
		if err != nil {
			return err
		}
		if ct.pod.Listener(port, false) == nil {
			return fmt.Errorf("dial tcp %s:%d: connect: connection refused", ct.pod.ip, port)
		}
		return nil
	case handler.GRPC != nil:
		if ct.pod.Listener(int(handler.GRPC.Port), false) == nil {
			return fmt.Errorf("dial tcp %s:%d: connect: connection refused", ct.pod.ip, handler.GRPC.Port)
		}
		return nil
	}
	return fmt.Errorf("missing probe handler")
}

// request returns the probe's request as of its timeout: any answer before that counts.
func (p *probe) request(path string) software.Request {
	return software.Request{Path: path, Waited: time.Duration(max(p.spec.TimeoutSeconds, 1)) * time.Second}
}
