package kubernetes

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// replacing are the fields, by kind, whose change means another object, as the published provider has it (its
// forceNew). The API server may hold further fields immutable: a change of one is refused, in preview already.
// [*] is any item of a list.
var replacing = map[schema.GroupKind][]string{
	{Group: "apps", Kind: "DaemonSet"}:  {"spec.selector"},
	{Group: "apps", Kind: "Deployment"}: {"spec.selector"},
	{Group: "apps", Kind: "StatefulSet"}: {
		"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName",
		"spec.volumeClaimTemplates",
	},
	{Group: "batch", Kind: "Job"}: {"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
	{Kind: "PersistentVolume"}: prefixed("spec.",
		"awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker",
		"gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk",
		"portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
	{Kind: "PersistentVolumeClaim"}: {
		"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName",
	},
	{Kind: "Pod"}: slices.Concat(
		prefixed("spec.",
			"affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases",
			"hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead",
			"preemptionPolicy", "priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName",
			"schedulerName", "securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace",
			"subdomain", "terminationGracePeriodSeconds", "volumes"),
		prefixed("spec.containers[*].", containerFields...),
		prefixed("spec.initContainers[*].", containerFields...)),
	{Kind: "ResourceQuota"}: {"spec.scopes"},
	{Kind: "Secret"}:        {"type"},
	{Kind: "Service"}:       {"spec.clusterIP"},
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: {"roleRef"},
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        {"roleRef"},
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                  {"parameters", "provisioner"},
}

var containerFields = []string{
	"args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe",
	"resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty",
	"volumeDevices", "volumeMounts", "workingDir",
}

func prefixed(prefix string, names ...string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = prefix + name
	}
	return paths
}

// replacingFields are the fields whose change replaces the object. ConfigMaps and Secrets are replaced when their
// contents change, so that what uses them rolls, unless the provider was told that they are mutable and they are.
func (s settings) replacingFields(object *unstructured.Unstructured) [][]string {
	gk := object.GroupVersionKind().GroupKind()
	fields := slices.Concat([]string{"metadata.name", "metadata.namespace"}, replacing[gk])
	immutable, _, _ := unstructured.NestedBool(object.Object, "immutable")
	switch gk {
	case schema.GroupKind{Kind: "ConfigMap"}:
		if !s.configMapMutable || immutable {
			fields = append(fields, "data", "binaryData")
		}
	case schema.GroupKind{Kind: "Secret"}:
		if !s.secretMutable || immutable {
			fields = append(fields, "data", "stringData")
		}
	}
	paths := make([][]string, len(fields))
	for i, field := range fields {
		paths[i] = strings.Split(strings.ReplaceAll(field, "[*]", ".*"), ".")
	}
	return paths
}

// touches says whether a change at a path concerns a field: the field itself, something in it, or something that it is
// in (a spec that is added as a whole, say).
func touches(field []string, path []any, before, after any) bool {
	n := min(len(field), len(path))
	for i := range n {
		switch step := path[i].(type) {
		case string:
			if field[i] != step {
				return false
			}
		case int:
			if field[i] != "*" {
				return false
			}
		}
	}
	return len(path) >= len(field) || contains(before, field[n:]) || contains(after, field[n:])
}

func contains(value any, field []string) bool {
	if len(field) == 0 {
		return true
	}
	switch value := value.(type) {
	case map[string]any:
		inner, ok := value[field[0]]
		return ok && contains(inner, field[1:])
	case []any:
		return field[0] == "*" && slices.ContainsFunc(value, func(e any) bool { return contains(e, field[1:]) })
	}
	return false
}
