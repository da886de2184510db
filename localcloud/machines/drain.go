package machines

import (
	"context"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/kubectl/pkg/drain"
	"k8s.io/utils/ptr"
)

// apiPatience is the timeout of requests to an API server that may be gone.
const apiPatience = 5 * time.Second

// retire takes a machine out of service: it cordons the node, drains it within the disruption budgets for at most
// patience, and removes it together with the pods that are left.
func (c *cluster) retire(ctx context.Context, name string, patience time.Duration) error {
	node, err := c.nodeLister.Get(name)
	if err == nil && c.reachable(ctx) {
		if err := c.drain(ctx, node.DeepCopy(), patience); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			c.sim.log.Warn("machine is removed before it is drained", "cluster", c.info.Name, "node", name, "error", err)
		}
	}
	defer func() {
		c.sim.mu.Lock()
		defer c.sim.mu.Unlock()
		c.forget(name)
	}()
	if err != nil {
		return nil // there is no node
	}
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	return c.removeNode(ctx, name)
}

// reachable says whether the cluster's API server answers.
func (c *cluster) reachable(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	_, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: 1})
	return err == nil
}

func (c *cluster) drain(ctx context.Context, node *corev1.Node, patience time.Duration) error {
	helper := &drain.Helper{
		Ctx:                 ctx,
		Client:              c.client,
		Force:               true, // also pods without a controller: their machine goes in any case
		GracePeriodSeconds:  -1,
		IgnoreAllDaemonSets: true,
		DeleteEmptyDirData:  true,
		Timeout:             patience,
		Out:                 io.Discard,
		ErrOut:              io.Discard,
	}
	if err := drain.RunCordonOrUncordon(helper, node, true); err != nil {
		return fmt.Errorf("cordon: %w", err)
	}
	return drain.RunNodeDrain(helper, node.Name)
}

// removeNode deletes a node and the pods that are left on it.
func (c *cluster) removeNode(ctx context.Context, name string) error {
	pods, err := c.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("spec.nodeName", name).String()})
	if err != nil {
		return fmt.Errorf("pods of node %s: %w", name, err)
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if err := c.deletePod(ctx, pod); err != nil {
			return err
		}
	}
	return ignoreNotFound(c.client.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{}))
}

// deletePod removes a pod from the API server, after its containers are gone.
func (c *cluster) deletePod(ctx context.Context, pod *corev1.Pod) error {
	return ignoreNotFound(c.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: ptr.To[int64](0),
		Preconditions:      metav1.NewUIDPreconditions(string(pod.UID)),
	}))
}

// forget drops a machine and kills its pods. The caller holds Simulator.mu.
func (c *cluster) forget(name string) {
	for uid, p := range c.pods {
		if p.machine.name == name {
			p.killAll()
			delete(c.pods, uid)
		}
	}
	if c.machines[name] != nil {
		delete(c.machines, name)
		c.sim.log.Info("machine left", "cluster", c.info.Name, "node", name)
	}
	c.changed.Store(true)
}
