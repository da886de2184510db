package nodes

import (
	"context"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/kubectl/pkg/drain"

	"geo-wordpress/localcloud/machines/kubeclient"
)

// apiTimeout is the timeout of requests to an API server that may be gone.
const apiTimeout = 5 * time.Second

// retire takes a machine out of service: it cordons the node, drains it within the disruption budgets for at most
// timeout, and removes it together with the pods that are left.
func (p *Pools) retire(ctx context.Context, name string, timeout time.Duration) error {
	node, err := p.client.Nodes.Get(name)
	if err == nil && p.reachable(ctx) {
		if err := p.drain(ctx, node.DeepCopy(), timeout); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p.client.Log.Warn("machine is removed before it is drained", "node", name, "error", err)
		}
	}
	defer p.inventory.Remove(name)
	if err != nil {
		return nil // there is no node
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	return p.removeNode(ctx, name)
}

// reachable says whether the cluster's API server answers.
func (p *Pools) reachable(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	_, err := p.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: 1})
	return err == nil
}

func (p *Pools) drain(ctx context.Context, node *corev1.Node, timeout time.Duration) error {
	helper := &drain.Helper{
		Ctx:                 ctx,
		Client:              p.client,
		Force:               true, // also pods without a controller: their machine goes in any case
		GracePeriodSeconds:  -1,
		IgnoreAllDaemonSets: true,
		DeleteEmptyDirData:  true,
		Timeout:             timeout,
		Out:                 io.Discard,
		ErrOut:              io.Discard,
	}
	if err := drain.RunCordonOrUncordon(helper, node, true); err != nil {
		return fmt.Errorf("cordon: %w", err)
	}
	return drain.RunNodeDrain(helper, node.Name)
}

// removeNode deletes a node and the pods that are left on it.
func (p *Pools) removeNode(ctx context.Context, name string) error {
	pods, err := p.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("spec.nodeName", name).String()})
	if err != nil {
		return fmt.Errorf("pods of node %s: %w", name, err)
	}
	for i := range pods.Items {
		if err := p.client.DeletePod(ctx, &pods.Items[i]); err != nil {
			return err
		}
	}
	return kubeclient.IgnoreNotFound(p.client.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{}))
}
