package kubelet

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/netns"
	"geo-wordpress/tools/conformance/sandbox"
)

// Kubelet runs pods.
type Kubelet struct {
	Network *netns.Network
	// Image returns the image for a reference.
	Image func(reference string) (*Image, error)
	// Claim returns the directory on this machine that stands in for a claim's volume. files reports that the volume
	// comes from a file server, which keeps its own owners, whatever fsGroup says.
	Claim func(region *declared.Region, key declared.Key) (directory string, files bool, err error)
	// Search returns the DNS search domains of a namespace's pods.
	Search func(region *declared.Region, namespace string) []string
	// Logs is the directory for the containers' output: REGION-POD-CONTAINER.log.
	Logs string

	pods atomic.Int64
}

// Image stands in for a container image: its files and its defaults.
type Image struct {
	Root       sandbox.Root
	Mounts     []sandbox.Mount
	Entrypoint []string
	Command    []string
	Env        []string
	User       int
	Dir        string
	StopSignal syscall.Signal // 0 is SIGTERM
}

// Start starts a pod, and returns while it is starting.
func (k *Kubelet) Start(d *declared.Pod) (*Pod, error) {
	if err := check(d.Spec()); err != nil {
		return nil, fmt.Errorf("the pod %s in %s: %w", d.Name, d.Region.Name, err)
	}
	sysctls := map[string]string{}
	if security := d.Spec().SecurityContext; security != nil {
		for _, s := range security.Sysctls {
			sysctls[s.Name] = s.Value
		}
	}
	network, err := k.Network.Pod(d.Region.Name, sysctls)
	if err != nil {
		return nil, err
	}
	number := k.pods.Add(1)
	p := &Pod{
		Pod:       d,
		FullName:  fmt.Sprintf("%s-%d", d.Name, number),
		Network:   network,
		kubelet:   k,
		directory: filepath.Join(sandbox.State(), "pods", fmt.Sprint(number)),
		ended:     make(chan struct{}),
		deleted:   make(chan struct{}),
	}
	if err := p.prepare(); err != nil {
		network.Close()
		return nil, fmt.Errorf("the pod %s in %s: %w", d.Name, d.Region.Name, err)
	}
	go p.run()
	return p, nil
}

// log opens the log of a pod's container for appending.
func (k *Kubelet) log(p *Pod, container string) (io.WriteCloser, error) {
	if err := os.MkdirAll(k.Logs, 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(p.logPath(container), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

func (p *Pod) logPath(container string) string {
	return filepath.Join(p.kubelet.Logs, strings.Join([]string{p.Region.Name, p.FullName, container}, "-")+".log")
}
