package nodes

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"geo-wordpress/localcloud/machines/kubeclient"
)

// bootTime is how long a machine takes from its creation to its kubelet's registration.
const bootTime = 10 * time.Second

// Boot starts a machine that was lost. Once its kubelet has registered, it is recorded in the inventory as on. Callers
// guard the machine.
func (p *Pools) Boot(m *Machine, now time.Time) {
	m.Power, m.BootAt = Booting, now.Add(p.pace.Of(bootTime))
	p.boots.AddAfter(m.Name, p.pace.Of(bootTime))
}

// boot registers the kubelet of a machine that has power again. It fails, and is retried, until the API server answers:
// a freshly started kubelet knows of no pods before that.
func (p *Pools) boot(ctx context.Context, name string) error {
	m := p.machine(name)
	if m.Power != Booting {
		return nil
	}
	if early := time.Until(m.BootAt); early > 0 { // it was lost again in between
		p.boots.AddAfter(name, early)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	node, err := p.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return kubeclient.IgnoreNotFound(err) // if the node was deleted, the machine stays unknown to the cluster
	}
	if err := p.renew(ctx, name); err != nil {
		return err
	}
	id := uuid.NewString()
	err = p.client.PatchNodeStatus(ctx, name, map[string]any{
		"conditions": refreshed(node.Status.Conditions), "nodeInfo": map[string]any{"bootID": id},
	})
	if err != nil || !p.inventory.Booted(name) {
		return err
	}
	p.client.Recorder("kubelet", name).Event(&corev1.ObjectReference{Kind: "Node", Name: name, UID: node.UID},
		corev1.EventTypeWarning, "Rebooted", fmt.Sprintf("Node %s has been rebooted, boot id: %s", name, id))
	p.client.Log.Info("machine is back", "node", name)
	return nil
}
