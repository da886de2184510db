package enginetest

import (
	"context"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"geo-wordpress/localcloud/daemon"
	"geo-wordpress/localcloud/home"
)

// What is asked again and again is asked in this process: kubectl or localcloud, several times a second, would take a
// processor away from what they watch.

const askTimeout = 30 * time.Second

// record finds the local cloud that runs.
func (b *bench) record() daemon.Record {
	b.t.Helper()
	h, err := home.Find(b.home)
	if err != nil {
		b.t.Fatal(err)
	}
	record, err := daemon.Find(h)
	if err != nil {
		b.t.Fatal(err)
	}
	return record
}

// status asks the local cloud for its status.
func (b *bench) status() daemon.Status {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	status, err := b.record().Status(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return status
}

// client returns a client of a region's API. Its credentials come from the same plugin as kubectl's.
func (b *bench) client(region string) kubernetes.Interface {
	b.t.Helper()
	if text := b.read(b.writtenKubeconfig()); text != b.clientsOf {
		b.clients, b.clientsOf = map[string]kubernetes.Interface{}, text
	}
	if b.clients[region] == nil {
		b.clients[region] = b.newClient(region)
	}
	return b.clients[region]
}

// newClient makes a client from the kubeconfig that client has read.
func (b *bench) newClient(region string) kubernetes.Interface {
	b.t.Helper()
	file, err := clientcmd.Load([]byte(b.clientsOf))
	if err != nil {
		b.t.Fatal(err)
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*file, region, nil, nil).ClientConfig()
	if err != nil {
		b.t.Fatal(err)
	}
	config.QPS = -1 // the API server limits by itself
	config.Timeout = askTimeout
	// The test's own environment has neither the plugin on its PATH nor the local cloud's credentials.
	plugin := config.ExecProvider
	plugin.Command = b.look(plugin.Command)
	for _, variable := range b.env {
		name, value, _ := strings.Cut(variable, "=")
		plugin.Env = append(plugin.Env, api.ExecEnvVar{Name: name, Value: value})
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		b.t.Fatal(err)
	}
	return client
}

// list lists objects, and fails the test if that fails. The selector is "" or one of labels.
func list[T any](b *bench, do func(context.Context, metav1.ListOptions) (T, error), selector string) T {
	b.t.Helper()
	found, err := do(context.Background(), metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// one gets an object, and fails the test if that fails.
func one[T any](b *bench, do func(context.Context, string, metav1.GetOptions) (T, error), name string) T {
	b.t.Helper()
	found, err := do(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}
