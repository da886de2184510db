package nodes

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	nodeutil "k8s.io/kubernetes/pkg/util/node"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/volumes"
)

// Labels and annotations of nodes: GKE's, the CSI driver's, the attach-detach controller's and the local cloud's own.
const (
	labelPool          = "cloud.google.com/gke-nodepool"
	labelBootDisk      = "cloud.google.com/gke-boot-disk"
	labelOS            = "cloud.google.com/gke-os-distribution"
	annotationAttach   = "volumes.kubernetes.io/controller-managed-attach-detach"
	annotationDisk     = "localcloud/boot-disk-gib"
	annotationTemplate = "localcloud/template"
)

const kubeletVersion = "v1.33.0"

// nodeObject returns a machine's node as its kubelet registers it.
func nodeObject(c cloud.Cluster, p cloud.NodePool, m *Machine) (*corev1.Node, error) {
	machineType, err := googlecloud.LookupMachineType(p.MachineType)
	if err != nil {
		return nil, fmt.Errorf("machine type %q: %w", p.MachineType, err)
	}
	disk, freeDisk := googlecloud.EphemeralStorage(p.DiskSizeGB)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:   m.Name,
			Labels: nodeLabels(p, m.Name),
			Annotations: map[string]string{
				annotationAttach:   "true",
				annotationDisk:     strconv.Itoa(p.DiskSizeGB),
				annotationTemplate: p.Template,
			},
		},
		Spec: corev1.NodeSpec{
			ProviderID: fmt.Sprintf("gce://%s/%s/%s", c.Project, p.Zone, m.Name),
			PodCIDR:    m.PodCIDR.String(),
			PodCIDRs:   []string{m.PodCIDR.String()},
		},
		Status: corev1.NodeStatus{
			Capacity:    resources(machineType.Capacity(), disk),
			Allocatable: resources(machineType.Allocatable(), freeDisk),
			Conditions:  nodeConditions(metav1.Now()),
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: m.IP.String()},
				{Type: corev1.NodeHostName, Address: m.Name},
			},
			NodeInfo: corev1.NodeSystemInfo{
				MachineID: m.Name, SystemUUID: m.Name, BootID: m.Name,
				KernelVersion: "6.6.72+", OSImage: "Container-Optimized OS from Google (simulated)",
				ContainerRuntimeVersion: "containerd://2.0.4", KubeletVersion: kubeletVersion,
				OperatingSystem: "linux", Architecture: "amd64",
			},
		},
	}, nil
}

// nodeLabels returns a machine's labels: those of Kubernetes, of GKE and of the pool.
func nodeLabels(p cloud.NodePool, name string) map[string]string {
	return map[string]string{
		corev1.LabelHostname:           name,
		corev1.LabelOSStable:           "linux",
		corev1.LabelArchStable:         "amd64",
		corev1.LabelInstanceTypeStable: p.MachineType,
		corev1.LabelTopologyZone:       p.Zone,
		corev1.LabelTopologyRegion:     googlecloud.RegionOf(p.Zone),
		volumes.ZoneLabel:              p.Zone,
		labelPool:                      p.Name,
		labelBootDisk:                  "pd-balanced",
		labelOS:                        "cos",
	}
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

// Ready says whether a node is Ready and the control plane has removed its not-ready and unreachable taints.
func Ready(node *corev1.Node) bool {
	return nodeutil.IsNodeReady(node) && !slices.ContainsFunc(node.Spec.Taints, func(t corev1.Taint) bool {
		return t.Key == corev1.TaintNodeNotReady || t.Key == corev1.TaintNodeUnreachable
	})
}
