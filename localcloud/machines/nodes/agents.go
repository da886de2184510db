package nodes

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/machines/kubeclient"
)

// pauseImage is the image of the placeholders for GKE's own pods.
const pauseImage = "gke.gcr.io/pause:3.10"

// clusterAgents returns GKE's own pods that run on any node with room: kube-dns, which network policies select, and one
// placeholder for all the others.
func clusterAgents() []googlecloud.Agent {
	others := googlecloud.Agent{Name: "system-agents", Replicas: 1}
	var all []googlecloud.Agent
	for _, agent := range googlecloud.ClusterAgents {
		if agent.Name == "kube-dns" {
			all = append(all, agent)
			continue
		}
		others.Request = others.Request.Plus(agent.Request.Times(agent.Replicas))
	}
	return append(all, others)
}

// agentPod returns a placeholder for GKE's own pods.
func agentPod(request googlecloud.Resources, priority string) corev1.PodSpec {
	return corev1.PodSpec{
		PriorityClassName:            priority,
		AutomountServiceAccountToken: ptr.To(false),
		EnableServiceLinks:           ptr.To(false),
		Tolerations:                  []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
		Containers: []corev1.Container{{
			Name: "agents", Image: pauseImage,
			Resources: corev1.ResourceRequirements{Requests: cpuAndMemory(request)},
		}},
	}
}

// installNodeAgents creates a node's own pod: a static one, which its kubelet reports to the API server.
func (p *Pools) installNodeAgents(ctx context.Context, node *corev1.Node) error {
	spec := agentPod(googlecloud.NodeAgents, "system-node-critical")
	spec.NodeName, spec.HostNetwork = node.Name, true
	_, err := p.client.CoreV1().Pods(metav1.NamespaceSystem).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:      "gke-node-agents-" + node.Name,
			Namespace: metav1.NamespaceSystem,
			Labels:    map[string]string{"k8s-app": "gke-node-agents"},
			// A mirror pod: drains skip it, and it is deleted with its node.
			Annotations:     map[string]string{corev1.MirrorPodAnnotationKey: string(node.UID), "kubernetes.io/config.source": "file"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID, Controller: ptr.To(true)}},
		},
		Spec: spec,
	}, metav1.CreateOptions{})
	if kubeclient.IgnoreExists(err) != nil {
		return fmt.Errorf("system pods of node %s: %w", node.Name, err)
	}
	return nil
}

// installClusterAgents creates the cluster's own pods, once there is a node for them.
func (p *Pools) installClusterAgents(ctx context.Context) error {
	for _, a := range clusterAgents() {
		labels := map[string]string{"k8s-app": a.Name}
		_, err := p.client.AppsV1().Deployments(metav1.NamespaceSystem).Create(ctx, &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Name: a.Name, Namespace: metav1.NamespaceSystem, Labels: labels},
			Spec: appsv1.DeploymentSpec{
				Replicas: ptr.To(int32(a.Replicas)),
				Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: labels},
					Spec:       agentPod(a.Request, "system-cluster-critical"),
				},
			},
		}, metav1.CreateOptions{})
		if kubeclient.IgnoreExists(err) != nil {
			return fmt.Errorf("system pods %s: %w", a.Name, err)
		}
	}
	return nil
}
