package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/daemon"
	"geo-wordpress/localcloud/loadbalancer"
	"geo-wordpress/localcloud/machines"
	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/realsite"
)

func TestStatusText(t *testing.T) {
	pod := func(kind, word string, ready bool) machines.PodView {
		return machines.PodView{Name: kind, Ready: ready, State: software.State{Kind: kind, Word: word}}
	}
	text := statusText("/home/x", daemon.Status{
		RealWordPress: &realsite.Status{State: realsite.Starting, Step: "TiDB"},
		Failures:      cloud.Failures{Nodes: []string{"node-2"}},
		Clusters: []daemon.ClusterStatus{{
			Status: controlplane.Status{Cluster: cloud.Cluster{Name: "one", Location: "europe-west1-b"}, Ready: true},
			Nodes:  daemon.Count{Ready: 1, Total: 2}, Pods: daemon.Count{Ready: 6, Total: 7},
			Workloads: []machines.PodView{pod("pd", "leader", true), pod("wordpress", "serves", true), pod("wordpress", "", false),
				{Name: "tikv-0", Reason: "machine off", State: software.State{Kind: "tikv"}}},
		}},
		LoadBalancers: loadbalancer.Status{
			FrontEnds: []loadbalancer.FrontEndStatus{{URL: "http://127.64.0.9:20080", Problem: "nothing listens"}},
			Services: []loadbalancer.ServiceStatus{{Name: "editors", HealthCheck: "HTTP GET /x", Requests: 12, Rate: 1.5, Failed: 3, Denied: 7, Groups: []loadbalancer.GroupStatus{{
				Region: "europe-west1", Instances: []loadbalancer.InstanceStatus{
					{Name: "node-1", Healthy: true, Share: 1}, {Name: "node-2", Reason: "no firewall admits 35.191.0.1"}},
			}}}},
		},
	})
	for _, line := range []string{
		"The real WordPress starts: TiDB", "Site: http://127.64.0.9:20080", "nothing listens", "Lost: node node-2", "Backend service: editors",
		"Health check: HTTP GET /x",
		"Requests: 12, 1.5 a second; 3 without an answer",
		"Security policy: 7 denied; 0 would be, but for preview",
		"europe-west1 one ready 1/2 6/7 leader machine off - - 1/2",
		"europe-west1 node-1 healthy 100 %",
		"europe-west1 node-2 unhealthy 0 % no firewall admits 35.191.0.1",
	} {
		found := false
		for _, each := range strings.Split(text, "\n") {
			found = found || strings.Join(strings.Fields(each), " ") == line
		}
		assert.True(t, found, "%q is not in\n%s", line, text)
	}
}

func TestWatchOffATerminalIsPlain(t *testing.T) {
	h := started(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var out, progress bytes.Buffer
	require.Zero(t, run(ctx, []string{"--home", h.Dir(), "status", "--watch"}, strings.NewReader(""), &out, &progress), progress.String())
	assert.Contains(t, out.String(), "Clusters: none")
	assert.NotContains(t, out.String(), "\x1b")
}

func TestFit(t *testing.T) {
	assert.Equal(t, "ab"+clearLine+"\r\nc"+clearLine, fit("abc\nc\n", 2, 5))
	assert.Equal(t, "1"+clearLine+"\r\n(3 more lines)"+clearLine, fit("1\n2\n3\n4\n", 50, 2))
	assert.Equal(t, "äö"+clearLine, fit("äöü", 2, 5))
}
