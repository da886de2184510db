package livetest

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// proxy is a way to the API server that can be cut.
type proxy struct {
	listener net.Listener
	target   string

	mutex       sync.Mutex
	connections []net.Conn
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: listener, target: strings.TrimPrefix(shared.config.Host, "https://")}
	t.Cleanup(func() { _ = listener.Close(); p.cut() })
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", p.target)
			if err != nil {
				_ = in.Close()
				continue
			}
			p.mutex.Lock()
			p.connections = append(p.connections, in, out)
			p.mutex.Unlock()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		}
	}()
	return p
}

func (p *proxy) url() string { return "https://" + p.listener.Addr().String() }

// cut breaks the connections that there are.
func (p *proxy) cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, c := range p.connections {
		_ = c.Close()
	}
	p.connections = nil
}

func TestUnreachable(t *testing.T) {
	ns := namespace(t)
	inputs := properties{"metadata": properties{"namespace": ns, "name": "c"}, "data": properties{"k": "v"}}
	r := connect(t).create(configMapKind, "c", inputs)

	away := properties{"kubeconfig": kubeconfig(t, "https://127.0.0.1:1")}
	e := connect(t, away)
	const message = "configured Kubernetes cluster is unreachable"

	// A preview goes on with what is known, and sees no change where there is none.
	state, err := e.previewCreate(configMapKind, "other", inputs)
	require.NoError(t, err)
	require.Equal(t, "v", at(state, "data.k"))
	d, _ := e.diff(r, inputs)
	require.Equal(t, plugin.DiffNone, d.Changes, "%v", d.ChangedKeys)

	_, err = e.tryCreate(configMapKind, "other", inputs, 5)
	require.ErrorContains(t, err, message)
	require.ErrorContains(t, e.tryUpdate(r, inputs, 5), message)
	require.ErrorContains(t, e.tryDelete(r, 5), "deleteUnreachable")
	_, err = e.provider.Read(t.Context(), plugin.ReadRequest{URN: r.urn, ID: r.id, Inputs: r.inputs, State: r.outputs})
	require.ErrorContains(t, err, message)

	gone := connect(t, away, properties{"deleteUnreachable": true})
	copied := *r
	require.False(t, gone.refresh(&copied))
	require.NoError(t, gone.tryDelete(r, 5))
	require.Contains(t, gone.messages.String(), message)

	kept := connect(t, away, properties{"skipUpdateUnreachable": true})
	require.True(t, kept.refresh(&copied))
	require.Equal(t, r.outputs, copied.outputs)

	// An API server that does not let us in is no reason to forget what is in it.
	stranger := strings.Replace(kubeconfig(t, ""), "client-certificate-data", "x-certificate-data", 1)
	stranger = strings.Replace(stranger, "client-key-data", "x-key-data", 1)
	require.NotContains(t, stranger, "client-key-data")
	stranger = strings.Replace(stranger, "user:\n", "user:\n    token: wrong\n", 1)
	denied := connect(t, properties{"kubeconfig": stranger, "deleteUnreachable": true})
	require.ErrorContains(t, denied.tryDelete(r, 5), message)
	get(t, configMaps, ns, "c")
}

// A wait outlives its connections.
func TestDroppedConnections(t *testing.T) {
	ns, p := namespace(t), newProxy(t)
	e := connect(t, properties{"kubeconfig": kubeconfig(t, p.url())})
	stop := make(chan struct{})
	var cutting sync.WaitGroup
	cutting.Add(1)
	go func() {
		defer cutting.Done()
		for {
			select {
			case <-stop:
				return
			case <-time.After(300 * time.Millisecond):
				p.cut()
			}
		}
	}()
	began := time.Now()
	kubelet(t, ns, func(pod *corev1.Pod) *corev1.PodStatus {
		if time.Since(began) < 3*time.Second {
			return nil
		}
		return running(pod)
	})
	r, err := e.tryCreate(deploymentKind, "d", workload(ns, "d", 1, podSpec("a:1")), 60)
	close(stop)
	cutting.Wait()
	require.NoError(t, err)
	require.EqualValues(t, 1, at(r.outputs, "status.readyReplicas"))
	e.delete(r)
}

// The kubeconfig may be a file's path, and name a credential plugin, found by the provider's PATH.
func TestCredentialPlugin(t *testing.T) {
	dir := t.TempDir()
	config := kubeconfig(t, "")
	script := "#!/bin/sh\ncat <<END\n" + `{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential",` +
		`"status":{"clientCertificateData":"` + oneLine(shared.config.CertData) + `","clientKeyData":"` +
		oneLine(shared.config.KeyData) + `"}}` + "\nEND\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a-credential-plugin"), []byte(script), 0o700))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	head, _, found := strings.Cut(config, "users:\n")
	require.True(t, found)
	config = head + `users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: a-credential-plugin
      provideClusterInfo: true
      interactiveMode: IfAvailable
`
	path := filepath.Join(dir, "kubeconfig")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	e := connect(t, properties{"kubeconfig": path})
	r := e.create(configMapKind, "c", properties{"metadata": properties{"namespace": namespace(t)}})
	e.delete(r)

	absent := connect(t, properties{"kubeconfig": strings.Replace(config, "a-credential-plugin", "no-such-plugin", 1)})
	_, err := absent.tryCreate(configMapKind, "c", properties{"metadata": properties{"namespace": "default"}}, 5)
	require.ErrorContains(t, err, "unreachable")
	require.ErrorContains(t, err, "no-such-plugin")
}

func oneLine(pem []byte) string { return strings.ReplaceAll(string(pem), "\n", `\\n`) }

// Two providers, a connection each, have a cluster each.
func TestProvidersAreApart(t *testing.T) {
	inputs := properties{"metadata": properties{"namespace": namespace(t)}}
	here := connect(t)
	nowhere := connect(t, properties{"kubeconfig": kubeconfig(t, "https://127.0.0.1:1")})
	_, err := nowhere.tryCreate(configMapKind, "c", inputs, 5)
	require.ErrorContains(t, err, "unreachable")
	here.delete(here.create(configMapKind, "c", inputs))
}
