package livetest

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/controlplane/components"
	"geo-wordpress/localcloud/kubernetes"
	"geo-wordpress/localcloud/rpc"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// shared is what all tests use: one control plane, one provider server.
var shared struct {
	config *rest.Config
	client *clientset.Clientset
	any    dynamic.Interface
}

func TestMain(m *testing.M) {
	components.Run(os.Args[1:])
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kubernetes-livetest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	planes, err := controlplane.Open(controlplane.Options{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = planes.Close() }()
	if err := start(planes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	server, err := rpc.Listen(rpc.Options{Name: "kubernetes", Provider: func() plugin.Provider {
		return kubernetes.New(kubernetes.Options{})
	}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = server.Close(ctx)
	}()
	if err := os.Setenv("PULUMI_DEBUG_PROVIDERS", "kubernetes:"+strconv.Itoa(server.Port())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func start(planes *controlplane.Manager) error {
	c := cloud.Cluster{
		ID:      "projects/p/locations/europe-west1-b/clusters/c",
		Project: "p", Location: "europe-west1-b", Name: "c",
		Network: "projects/p/global/networks/n", DNSDomain: "c.test",
		NodeRange:    netip.MustParsePrefix("10.0.0.0/22"),
		PodRange:     netip.MustParsePrefix("10.4.0.0/14"),
		ServiceRange: netip.MustParsePrefix("10.8.0.0/20"),
	}
	if _, err := planes.Ensure(context.Background(), c); err != nil {
		return err
	}
	config, err := planes.Config(c.ID)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 100, 200
	shared.config = config
	if shared.client, err = clientset.NewForConfig(config); err != nil {
		return err
	}
	shared.any, err = dynamic.NewForConfig(config)
	return err
}

// kubeconfig is that of the shared cluster, at another address if one is given.
func kubeconfig(t *testing.T, server string) string {
	t.Helper()
	c := shared.config
	if server == "" {
		server = c.Host
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: c.CAData}
	config.AuthInfos["u"] = &clientcmdapi.AuthInfo{
		ClientCertificateData: c.CertData, ClientKeyData: c.KeyData, Token: c.BearerToken,
	}
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	config.CurrentContext = "c"
	content, err := clientcmd.Write(*config)
	require.NoError(t, err)
	return string(content)
}

var count struct {
	sync.Mutex
	n int
}

// namespace makes a namespace of the test's own, and removes it in the end.
func namespace(t *testing.T) string {
	t.Helper()
	count.Lock()
	count.n++
	name := fmt.Sprintf("test-%d", count.n)
	count.Unlock()
	object := newObject("v1", "Namespace", "", name)
	_, err := shared.any.Resource(namespaces).Create(t.Context(), object, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = shared.client.CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{})
	})
	return name
}
