package machines

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/kubeclient"
	"geo-wordpress/localcloud/machines/kubelet"
	"geo-wordpress/localcloud/machines/metrics"
	"geo-wordpress/localcloud/machines/nodes"
	"geo-wordpress/localcloud/machines/volumes"
	"geo-wordpress/localcloud/machines/vpc"
)

// cluster is the simulator's record of one cluster. It assembles the parts that serve the cluster.
type cluster struct {
	sim    *Simulator
	info   cloud.Cluster
	client *kubeclient.Client

	nodePools    *nodes.Pools
	attacher     *volumes.Attacher
	resizer      *volumes.Resizer
	provisioner  *volumes.Provisioner
	statuses     *kubeclient.Queue // pod statuses to write, by UID
	volumesInUse *kubeclient.Queue // volumes in use to write, by machine
	shared       *kubelet.Cluster
	stale        atomic.Bool // the network model is older than the cluster

	// Guarded by Simulator.mu.
	pools    map[string]*cloud.NodePool  // by ID
	kubelets map[string]*kubelet.Kubelet // by machine
}

func newCluster(s *Simulator, info cloud.Cluster, config *rest.Config) (*cluster, error) {
	c := &cluster{sim: s, info: info, pools: map[string]*cloud.NodePool{}, kubelets: map[string]*kubelet.Kubelet{}}
	client, err := kubeclient.New(s.ctx, info, config, s.log, c.observe)
	if err != nil {
		return nil, err
	}
	c.client = client
	c.nodePools = nodes.NewPools(client, c, s.pace, s.drainTimeout)
	c.attacher = volumes.NewAttacher(client, s.cloudFacts, c.zone)
	c.resizer = volumes.NewResizer(client, s.cloudFacts, c.growMounted)
	c.provisioner = volumes.NewProvisioner(client, c.nfsServer)
	c.statuses = client.NewQueue("pod status", c.writeStatus)
	c.volumesInUse = client.NewQueue("volumes in use", c.writeVolumesInUse)
	c.shared = &kubelet.Cluster{
		Client: client, Network: s.network, Volumes: volumes.NewMounter(client, s.cloudFacts, s.disks), Pace: s.pace, Logs: s.logs,
		Locked:  s.locked,
		Changed: c.changed,
		Report: func(p *kubelet.Pod) {
			c.statuses.Add(string(p.Object().UID))
			if p.NFSServer() != nil {
				c.provisioner.ServerChanged()
			}
		},
		ReportVolumes: func(k *kubelet.Kubelet) { c.volumesInUse.Add(k.Machine.Name) },
	}
	return c, nil
}

// start reads the cluster's objects, and starts to work on them.
func (c *cluster) start(ctx context.Context) error {
	if err := c.client.Sync(ctx); err != nil {
		return err
	}
	if err := volumes.InstallDriver(ctx, c.client); err != nil {
		return err
	}
	c.client.Run()
	c.nodePools.Run()
	metrics.Run(c.client, c.used)
	return nil
}

// changed wakes the loop to renew the network model.
func (c *cluster) changed() {
	c.stale.Store(true)
	c.sim.wakeUp()
}

// observe handles a change of an object in the API server.
func (c *cluster) observe(object any) {
	c.changed()
	switch o := object.(type) {
	case *storagev1.VolumeAttachment:
		c.attacher.Changed(o)
	case *corev1.PersistentVolumeClaim:
		c.provisioner.ClaimChanged(o)
		c.resizer.Changed(o)
	case *corev1.PersistentVolume:
		c.provisioner.VolumeChanged(o)
		c.resizer.VolumeChanged(o)
	}
}

// picture returns the cluster as the network model sees it.
func (c *cluster) picture() vpc.Cluster {
	p := vpc.Cluster{Cluster: c.info}
	p.Pods, _ = c.client.Pods.List(labels.Everything())
	p.Services, _ = c.client.Services.List(labels.Everything())
	p.Slices, _ = c.client.Slices.List(labels.Everything())
	p.Policies, _ = c.client.Policies.List(labels.Everything())
	p.Namespaces, _ = c.client.Namespaces.List(labels.Everything())
	for _, k := range c.kubelets {
		m := k.Machine
		node := vpc.Node{Name: m.Name, IP: m.IP, Down: m.Power != nodes.On}
		if pool := c.pools[m.Pool]; pool != nil {
			node.Tags = pool.Tags
		}
		p.Nodes = append(p.Nodes, node)
	}
	return p
}

// refresh passes the API server's pods to the kubelets.
func (c *cluster) refresh(now time.Time) {
	objects, _ := c.client.Pods.List(labels.Everything())
	byMachine := map[string][]*corev1.Pod{}
	for _, object := range objects {
		byMachine[object.Spec.NodeName] = append(byMachine[object.Spec.NodeName], object)
	}
	for name, k := range c.kubelets {
		k.Update(byMachine[name], now)
	}
}

// pods lists the pods on the machines, the oldest first.
func (c *cluster) pods() (all []*kubelet.Pod) {
	for _, k := range c.kubelets {
		all = append(all, k.Pods()...)
	}
	slices.SortFunc(all, func(a, b *kubelet.Pod) int {
		x, y := a.Object(), b.Object()
		return cmp.Or(x.CreationTimestamp.Compare(y.CreationTimestamp.Time), cmp.Compare(x.UID, y.UID))
	})
	return all
}

// kill kills all programs.
func (c *cluster) kill() {
	for _, k := range c.kubelets {
		k.Kill()
	}
}

// zone returns a machine's zone, empty if there is no such machine.
func (c *cluster) zone(machine string) string {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	if k := c.kubelets[machine]; k != nil {
		return k.Machine.Zone
	}
	return ""
}

// nfsServer finds an nfs-provisioner whose pod is ready, nil if there is none.
func (c *cluster) nfsServer(name string) *volumes.NFSServer {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	for _, p := range c.pods() {
		if program := p.NFSServer(); program != nil && program.Provisioner == name && program.Serves() && p.Ready() {
			return &volumes.NFSServer{Pod: p.Object(), Program: program, Network: c.sim.network.AdmitsAPI(p)}
		}
	}
	return nil
}

// growMounted enlarges the file system of a disk to the disk's size if a pod has mounted its claim.
func (c *cluster) growMounted(claim *corev1.PersistentVolumeClaim, handle string) (sizeGB int, pod *corev1.Pod) {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	for _, p := range c.pods() {
		if p.Mounts(claim) {
			return c.shared.Volumes.Grow(handle), p.Object()
		}
	}
	return 0, nil
}

// pod finds a pod on the machines, nil if there is none.
func (c *cluster) pod(uid types.UID) *kubelet.Pod {
	for _, k := range c.kubelets {
		if p := k.Pod(uid); p != nil {
			return p
		}
	}
	return nil
}
