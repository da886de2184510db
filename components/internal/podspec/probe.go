package podspec

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Probe timings, in seconds; zero leaves Kubernetes' default (period 10, timeout 1, threshold 3).
type Probe struct {
	Period, Timeout, Threshold int
}

// HTTP probes a path of a port.
func (p Probe) HTTP(port int, path string) *corev1.ProbeArgs {
	a := p.timings()
	a.HttpGet = &corev1.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.Int(port)}
	return a
}

// TCP probes that a port accepts connections.
func (p Probe) TCP(port int) *corev1.ProbeArgs {
	a := p.timings()
	a.TcpSocket = &corev1.TCPSocketActionArgs{Port: pulumi.Int(port)}
	return a
}

// Exec probes with a command in the container.
func (p Probe) Exec(command ...string) *corev1.ProbeArgs {
	a := p.timings()
	a.Exec = &corev1.ExecActionArgs{Command: pulumi.ToStringArray(command)}
	return a
}

func (p Probe) timings() *corev1.ProbeArgs {
	a := &corev1.ProbeArgs{}
	if p.Period > 0 {
		a.PeriodSeconds = pulumi.Int(p.Period)
	}
	if p.Timeout > 0 {
		a.TimeoutSeconds = pulumi.Int(p.Timeout)
	}
	if p.Threshold > 0 {
		a.FailureThreshold = pulumi.Int(p.Threshold)
	}
	return a
}
