package realsite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"geo-wordpress/googlecloud"
	"geo-wordpress/localcloud/cloud"
)

// document is the program's input, which describes a stack.
type document struct {
	Regions []region `json:"regions"`
}

type region struct {
	Name      string       `json:"name"`
	DNSDomain string       `json:"dnsDomain"`
	Pods      netip.Prefix `json:"pods"`
	Services  netip.Prefix `json:"services"`
	Objects   []object     `json:"objects"`
}

// object is a Kubernetes object as declared, with the API server's defaults.
type object struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   metav1.ObjectMeta `json:"metadata"`
	Spec       json.RawMessage   `json:"spec,omitempty"`
	Data       json.RawMessage   `json:"data,omitempty"`
	BinaryData json.RawMessage   `json:"binaryData,omitempty"`
}

// kinds lists the kinds that run pods or that pods use.
var kinds = []struct{ path, version, kind string }{
	{"/api/v1/services", "v1", "Service"},
	{"/api/v1/configmaps", "v1", "ConfigMap"},
	{"/api/v1/secrets", "v1", "Secret"},
	{"/api/v1/persistentvolumeclaims", "v1", "PersistentVolumeClaim"},
	{"/apis/apps/v1/statefulsets", "apps/v1", "StatefulSet"},
	{"/apis/apps/v1/deployments", "apps/v1", "Deployment"},
	{"/apis/batch/v1/jobs", "batch/v1", "Job"},
	{"/apis/batch/v1/cronjobs", "batch/v1", "CronJob"},
}

// describe reads the clusters' objects into the document for the program. The text is the same while no object changes.
func describe(ctx context.Context, clusters []cloud.Cluster, config func(clusterID string) (*rest.Config, error)) ([]byte, error) {
	var d document
	for _, c := range clusters {
		r := region{Name: googlecloud.RegionOf(c.Location), DNSDomain: c.DNSDomain, Pods: c.PodRange, Services: c.ServiceRange}
		access, err := config(c.ID)
		if err == nil {
			r.Objects, err = objects(ctx, access)
		}
		if err != nil {
			return nil, fmt.Errorf("read the objects of %s: %w", c.Name, err)
		}
		d.Regions = append(d.Regions, r)
	}
	slices.SortFunc(d.Regions, func(a, b region) int { return cmp.Compare(a.Name, b.Name) })
	return json.Marshal(d)
}

// objects lists a cluster's objects, except those in system namespaces and those that a controller made.
func objects(ctx context.Context, access *rest.Config) (all []object, err error) {
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return nil, err
	}
	for _, k := range kinds {
		text, err := client.Discovery().RESTClient().Get().AbsPath(k.path).SetHeader("Accept", "application/json").DoRaw(ctx)
		if err != nil {
			return nil, err
		}
		var list struct{ Items []object }
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, fmt.Errorf("%s: %w", k.path, err)
		}
		for _, o := range list.Items {
			m := o.Metadata
			if strings.HasPrefix(m.Namespace, "kube-") || strings.HasPrefix(m.Namespace, "gke-") || metav1.GetControllerOfNoCopy(&m) != nil {
				continue
			}
			o.APIVersion, o.Kind = k.version, k.kind
			o.Metadata = metav1.ObjectMeta{Namespace: m.Namespace, Name: m.Name, Labels: m.Labels}
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b object) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Metadata.Namespace, b.Metadata.Namespace),
			cmp.Compare(a.Metadata.Name, b.Metadata.Name))
	})
	return all, nil
}
