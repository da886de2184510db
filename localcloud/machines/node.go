package machines

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
)

// Labels and annotations of nodes: GKE's, the CSI driver's, the attach-detach controller's and the local cloud's own.
const (
	labelPool        = "cloud.google.com/gke-nodepool"
	labelBootDisk    = "cloud.google.com/gke-boot-disk"
	labelOS          = "cloud.google.com/gke-os-distribution"
	labelCSIZone     = "topology.gke.io/zone"
	annotationAttach = "volumes.kubernetes.io/controller-managed-attach-detach"
	annotationDisk   = "localcloud/boot-disk-gib"
	annotationMade   = "localcloud/template"
)

const (
	kubeletVersion = "v1.33.0"
	leaseSeconds   = 40
	renewInterval  = 10 * time.Second
	// statusInterval is how often an unchanged node status is reported.
	statusInterval = 5 * time.Minute
)

// machine is one simulated machine.
type machine struct {
	name    string
	pool    string // the pool's ID
	zone    string
	ip      addr
	podCIDR netip.Prefix
	images  map[string]time.Time // when each image's pull completes
	inUse   []string             // the volumes in use, as last reported
	power   power
	bootAt  time.Time // when booting ends
}

// tags returns the network tags of the machine's pool.
func (m *machine) tags(c *cluster) []string {
	if pool := c.pools[m.pool]; pool != nil {
		return pool.Tags
	}
	return nil
}

// newMachine restores a machine from its node.
func newMachine(pool cloud.NodePool, node *corev1.Node) (*machine, error) {
	m := &machine{name: node.Name, pool: pool.ID, zone: node.Labels[corev1.LabelTopologyZone], images: map[string]time.Time{}}
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			m.ip, _ = netip.ParseAddr(address.Address)
		}
	}
	var err error
	if m.podCIDR, err = netip.ParsePrefix(node.Spec.PodCIDR); err != nil || !m.ip.IsValid() {
		return nil, fmt.Errorf("node %s has no address or no pod range: delete it, and a new machine takes its place", node.Name)
	}
	for _, image := range node.Status.Images {
		for _, name := range image.Names {
			m.images[name] = time.Time{}
		}
	}
	return m, nil
}

// nodeName generates a machine's name as an instance group does: the group's name without -grp, and four characters.
func nodeName(c cloud.Cluster, p cloud.NodePool) string {
	base := strings.TrimSuffix(p.InstanceGroup, "-grp")
	if base == "" {
		base = fmt.Sprintf("gke-%.20s-%.20s", c.Name, p.Name)
	}
	const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	n := binary.BigEndian.Uint64(random[:])
	suffix := make([]byte, 4)
	for i := range suffix {
		suffix[i] = alphabet[n%36]
		n /= 36
	}
	return base + "-" + string(suffix)
}

// nodeAddress returns the first free address of the node range. Google reserves the first two and the last two.
func nodeAddress(c cloud.Cluster, taken map[addr]bool) (addr, error) {
	ip := c.NodeRange.Masked().Addr().Next().Next()
	for ; c.NodeRange.Contains(ip.Next().Next()); ip = ip.Next() {
		if !taken[ip] {
			return ip, nil
		}
	}
	return addr{}, fmt.Errorf("the node range %s has no free address: enlarge the subnetwork", c.NodeRange)
}

// podRangeBits is the prefix length of a node's part of the pod range, which has twice as many addresses as pods.
const podRangeBits = 24

// nodePodRange returns the first free block of the pod range.
func nodePodRange(c cloud.Cluster, taken map[netip.Prefix]bool) (netip.Prefix, error) {
	base := c.PodRange.Masked().Addr()
	for c.PodRange.Contains(base) {
		block := netip.PrefixFrom(base, podRangeBits)
		if !taken[block] {
			return block, nil
		}
		octets := base.As4()
		next := binary.BigEndian.Uint32(octets[:]) + 1<<(32-podRangeBits)
		binary.BigEndian.PutUint32(octets[:], next)
		base = netip.AddrFrom4(octets)
	}
	return netip.Prefix{}, fmt.Errorf("the pod range %s has no free /%d for another node: enlarge the secondary range", c.PodRange, podRangeBits)
}

// nodeObject returns a machine's node as its kubelet registers it.
func nodeObject(c cloud.Cluster, p cloud.NodePool, name string, ip addr, podCIDR netip.Prefix) (*corev1.Node, error) {
	machineType, err := googlecloud.LookupMachineType(p.MachineType)
	if err != nil {
		return nil, fmt.Errorf("machine type %q: %w", p.MachineType, err)
	}
	disk, freeDisk := googlecloud.EphemeralStorage(p.DiskSizeGB)
	now := metav1.Now()
	all := nodeLabels(p, name)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:   name,
			Labels: all,
			Annotations: map[string]string{
				annotationAttach: "true",
				annotationDisk:   strconv.Itoa(p.DiskSizeGB),
				annotationMade:   p.Template,
			},
		},
		Spec: corev1.NodeSpec{
			ProviderID: fmt.Sprintf("gce://%s/%s/%s", c.Project, p.Zone, name),
			PodCIDR:    podCIDR.String(),
			PodCIDRs:   []string{podCIDR.String()},
			Taints:     slices.Clone(p.Taints),
		},
		Status: corev1.NodeStatus{
			Capacity:    resources(machineType.Capacity(), disk),
			Allocatable: resources(machineType.Allocatable(), freeDisk),
			Conditions:  nodeConditions(now),
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: ip.String()},
				{Type: corev1.NodeHostName, Address: name},
			},
			NodeInfo: corev1.NodeSystemInfo{
				MachineID: name, SystemUUID: name, BootID: name,
				KernelVersion: "6.6.72+", OSImage: "Container-Optimized OS from Google (simulated)",
				ContainerRuntimeVersion: "containerd://2.0.4", KubeletVersion: kubeletVersion,
				OperatingSystem: "linux", Architecture: "amd64",
			},
		},
	}, nil
}

// nodeLabels returns a machine's labels: those of Kubernetes, of GKE and of the pool.
func nodeLabels(p cloud.NodePool, name string) map[string]string {
	all := map[string]string{
		corev1.LabelHostname:           name,
		corev1.LabelOSStable:           "linux",
		corev1.LabelArchStable:         "amd64",
		corev1.LabelInstanceTypeStable: p.MachineType,
		corev1.LabelTopologyZone:       p.Zone,
		corev1.LabelTopologyRegion:     cloud.RegionOf(p.Zone),
		labelCSIZone:                   p.Zone,
		labelPool:                      p.Name,
		labelBootDisk:                  "pd-balanced",
		labelOS:                        "cos",
	}
	maps.Copy(all, p.Labels)
	return all
}

func resources(r googlecloud.Resources, disk int64) corev1.ResourceList {
	list := cpuAndMemory(r)
	list[corev1.ResourceEphemeralStorage] = *resource.NewQuantity(disk, resource.BinarySI)
	list[corev1.ResourcePods] = *resource.NewQuantity(googlecloud.PodsPerNode, resource.DecimalSI)
	return list
}

func cpuAndMemory(r googlecloud.Resources) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(r.MilliCPU, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(r.Memory, resource.BinarySI),
	}
}

func nodeConditions(now metav1.Time) []corev1.NodeCondition {
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
		return corev1.NodeCondition{Type: kind, Status: status, Reason: reason, Message: message, LastHeartbeatTime: now, LastTransitionTime: now}
	}
	return []corev1.NodeCondition{
		condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
		condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
		condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
		condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"),
	}
}

// register creates a machine's node, lease and CSINode.
func (c *cluster) register(ctx context.Context, node *corev1.Node, zone string) (*corev1.Node, error) {
	created, err := c.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", node.Name, err)
	}
	if err := c.belongings(ctx, created, zone); err != nil {
		return nil, err
	}
	return created, nil
}

// belongings ensures that a node has its lease and its CSINode.
func (c *cluster) belongings(ctx context.Context, node *corev1.Node, zone string) error {
	owner := []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID}}
	now := metav1.NowMicro()
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, Namespace: corev1.NamespaceNodeLease, OwnerReferences: owner},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &node.Name, LeaseDurationSeconds: ptr.To[int32](leaseSeconds), RenewTime: &now},
	}
	if _, err := c.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Create(ctx, lease, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("lease of node %s: %w", node.Name, err)
	}
	csi := &storagev1.CSINode{
		ObjectMeta: metav1.ObjectMeta{Name: node.Name, OwnerReferences: owner},
		Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{{
			Name:         diskDriver,
			NodeID:       fmt.Sprintf("projects/%s/zones/%s/instances/%s", c.info.Project, zone, node.Name),
			TopologyKeys: []string{labelCSIZone},
			Allocatable:  &storagev1.VolumeNodeResources{Count: ptr.To[int32](disksPerMachine)},
		}}},
	}
	if _, err := c.client.StorageV1().CSINodes().Create(ctx, csi, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("CSINode %s: %w", node.Name, err)
	}
	return nil
}

// heartbeats renews the leases of the cluster's machines.
func (c *cluster) heartbeats() {
	defer c.done.Done()
	lastStatus, failing := time.Now(), false
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-time.After(renewInterval):
		}
		c.sim.mu.Lock()
		var names []string
		for name, m := range c.machines {
			if m.power == on {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		c.sim.mu.Unlock()
		full := time.Since(lastStatus) >= statusInterval
		if full {
			lastStatus = time.Now()
		}
		var problem error
		for _, name := range names {
			if err := c.beat(c.ctx, name, full); err != nil {
				problem = err
			}
		}
		if (problem != nil) != failing && c.ctx.Err() == nil {
			failing = problem != nil
			c.sim.log.Log(c.ctx, levelOf(problem), "heartbeats", "cluster", c.info.Name, "nodes", len(names), "error", problem)
		}
	}
}

// renew renews a node's lease.
func (c *cluster) renew(ctx context.Context, name string) error {
	patch := fmt.Sprintf(`{"spec":{"holderIdentity":%q,"renewTime":%q}}`, name, time.Now().UTC().Format("2006-01-02T15:04:05.000000Z07:00"))
	if _, err := c.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Patch(ctx, name, mergePatch, []byte(patch), metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("lease of node %s: %w", name, err)
	}
	return nil
}

// beat renews a node's lease and, if full or if the node is not Ready, its conditions.
func (c *cluster) beat(ctx context.Context, name string, full bool) error {
	if err := c.renew(ctx, name); err != nil {
		return err
	}
	node, err := c.nodeLister.Get(name)
	if err != nil {
		return nil // not in the cache yet, or just deleted
	}
	if full || !nodeReady(node) {
		return c.patchNodeStatus(ctx, name, map[string]any{"conditions": refreshed(node.Status.Conditions)})
	}
	return nil
}

// refreshed returns a healthy node's current conditions, and keeps their last transition times.
func refreshed(before []corev1.NodeCondition) []corev1.NodeCondition {
	conditions := nodeConditions(metav1.Now())
	for i := range conditions {
		for _, old := range before {
			if old.Type == conditions[i].Type && old.Status == conditions[i].Status {
				conditions[i].LastTransitionTime = old.LastTransitionTime
			}
		}
	}
	return conditions
}

// nodeReady says whether a node is Ready and the control plane has removed its not-ready and unreachable taints.
func nodeReady(node *corev1.Node) bool {
	ready := slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
	return ready && !slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool {
		return t.Key == corev1.TaintNodeNotReady || t.Key == corev1.TaintNodeUnreachable
	})
}
