package wordpress

import (
	"fmt"

	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/loadbalancer"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// How a pod stops without a request that fails, in seconds from its deletion:
//
//	 0  Kubernetes takes the pod for terminating; both containers run their preStop hooks. The health page says 503 to
//	    the load balancer from now on, and 200 to the readiness probe as before, because a node port (external traffic
//	    policy Local) leads to a terminating pod only while it is ready, and while no other pod of the machine is.
//	20  At the latest the health check has failed as often as it takes (NoticeSeconds): new requests go elsewhere. Until
//	    then this pod has answered them.
//	50  Connections that were draining are done (DrainingSeconds).
//	60  The hooks end; Apache closes its port, and ends when its last request does.
//	180 What still runs is killed: no request takes longer (RequestSeconds).
//
// If another pod of the machine is ready, new connections go to that one from the start, and the machine stays in
// rotation.
const stopSeconds = loadbalancer.NoticeSeconds + loadbalancer.DrainingSeconds + marginSeconds

// marginSeconds is for the node's proxy and the load balancer's front ends to hear of a change.
const marginSeconds = 10

// alive probes that a server takes connections. A container that it gives up has 15 seconds and no longer to end: nobody
// gets an answer of it.
func alive(port int) *corev1.ProbeArgs {
	probe := podspec.Probe{Period: 10, Timeout: 5, Threshold: 6}.TCP(port)
	probe.TerminationGracePeriodSeconds = pulumi.Int(15)
	return probe
}

// stopping is the file by which the health page knows that its pod stops. It is removed at the container's start: a
// container that is restarted runs the hook too.
const stopping = "/tmp/geo-wordpress-stopping"

// stop is a hook that runs before the container is told to end.
func stop(script string) *corev1.LifecycleArgs {
	return &corev1.LifecycleArgs{PreStop: &corev1.LifecycleHandlerArgs{
		Exec: &corev1.ExecActionArgs{Command: pulumi.ToStringArray([]string{"sh", "-c", script})},
	}}
}

// warnAndStop has the health page warn the load balancer, and answer until WordPress ends.
func warnAndStop() *corev1.LifecycleArgs {
	return stop(fmt.Sprintf("touch %s; sleep %d", stopping, stopSeconds))
}
