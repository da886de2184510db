package wordpress

import (
	"fmt"

	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/loadbalancer"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// stopSeconds is the length of the preStop hooks. A pod stops without failing a request, in seconds from its deletion:
//
//	 0  Kubernetes marks the pod as terminating; both containers run their preStop hooks. From now on the health page
//	    returns 503 to the load balancer, but still 200 to the readiness probe: a node port (external traffic policy
//	    Local) leads to a terminating pod only while it is ready and no other pod on the node is.
//	20  By now the health check has failed often enough (NoticeSeconds): new requests go elsewhere. Until then this pod
//	    has answered them.
//	50  Connection draining is over (DrainingSeconds).
//	60  The hooks end. Apache closes its port and exits after its last request.
//	180 Kubernetes kills what still runs: no request takes longer (RequestSeconds).
//
// If another pod on the node is ready, new connections go to that pod from the start, and the node stays in rotation.
const stopSeconds = loadbalancer.NoticeSeconds + loadbalancer.DrainingSeconds + marginSeconds

// marginSeconds is the time for the node's proxy and the load balancer's front ends to see a change.
const marginSeconds = 10

// alive probes that a server accepts connections. A container that fails gets only 15 seconds to end, because it
// answers nobody.
func alive(port int) *corev1.ProbeArgs {
	probe := podspec.Probe{Period: 10, Timeout: 5, Threshold: 6}.TCP(port)
	probe.TerminationGracePeriodSeconds = pulumi.Int(15)
	return probe
}

// stopping is the file that tells the health page that its pod stops. The container removes it at start, because a
// restart of the container runs the hook too.
const stopping = "/tmp/geo-wordpress-stopping"

// stop is a preStop hook that runs a script.
func stop(script string) *corev1.LifecycleArgs {
	return &corev1.LifecycleArgs{PreStop: &corev1.LifecycleHandlerArgs{
		Exec: &corev1.ExecActionArgs{Command: pulumi.ToStringArray([]string{"sh", "-c", script})},
	}}
}

// warnAndStop makes the health page warn the load balancer, and answer until WordPress ends.
func warnAndStop() *corev1.LifecycleArgs {
	return stop(fmt.Sprintf("touch %s; sleep %d", stopping, stopSeconds))
}
