package declared

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"geo-wordpress/regions"
	"geo-wordpress/stack/stacktest"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

func newRegion(r regions.Region) *Region {
	return &Region{
		Region:       r,
		Services:     map[Key]*corev1.Service{},
		ConfigMaps:   map[Key]*corev1.ConfigMap{},
		Secrets:      map[Key]*corev1.Secret{},
		Claims:       map[Key]*corev1.PersistentVolumeClaim{},
		StatefulSets: map[Key]*appsv1.StatefulSet{},
		Deployments:  map[Key]*appsv1.Deployment{},
		Jobs:         map[Key]*batchv1.Job{},
		CronJobs:     map[Key]*batchv1.CronJob{},
		Accounts:     map[Key]*corev1.ServiceAccount{},
	}
}

// object is a Kubernetes object before it is decoded.
type object struct {
	kind string
	key  Key
	text []byte // JSON
}

// recorded returns an object of a recorded graph.
func recorded(r *stacktest.Resource) (object, error) {
	namespace, name, ok := strings.Cut(r.ID, "/")
	if !ok { // not in a namespace: of no kind that add decodes
		return object{kind: r.Kind()}, nil
	}
	text, err := json.Marshal(plain(resource.NewProperty(r.Outputs)))
	return object{r.Kind(), Key{namespace, name}, text}, err
}

// add decodes an object of a kind that runs pods or that pods use. Other kinds concern only the control plane.
func (r *Region) add(o object) error {
	switch o.kind {
	case "Service":
		return decode(o, r.Services)
	case "ConfigMap":
		return decode(o, r.ConfigMaps)
	case "Secret":
		if err := decode(o, r.Secrets); err != nil {
			return err
		}
		storeStringData(r.Secrets[o.key])
	case "PersistentVolumeClaim":
		return decode(o, r.Claims)
	case "StatefulSet":
		return decode(o, r.StatefulSets)
	case "Deployment":
		return decode(o, r.Deployments)
	case "Job":
		return decode(o, r.Jobs)
	case "CronJob":
		return decode(o, r.CronJobs)
	case "ServiceAccount":
		return decode(o, r.Accounts)
	}
	return nil
}

// decode reads an object as the API server does, and rejects unknown fields.
func decode[Object any](o object, into map[Key]*Object) error {
	if o.key.Namespace == "" || o.key.Name == "" {
		return fmt.Errorf("the %s has no namespace and name", o.kind)
	}
	into[o.key] = new(Object)
	decoder := json.NewDecoder(bytes.NewReader(o.text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into[o.key])
}

// storeStringData moves a secret's text to its data, as the API server does.
func storeStringData(secret *corev1.Secret) {
	for key, text := range secret.StringData {
		if secret.Data == nil {
			secret.Data = map[string][]byte{}
		}
		secret.Data[key] = []byte(text)
	}
	secret.StringData = nil
}

// plain returns a property's value in encoding/json's types, with secrets in plain text.
func plain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return plain(value.SecretValue().Element)
	case value.IsOutput():
		return plain(value.OutputValue().Element)
	case value.IsObject():
		object := map[string]any{}
		for key, each := range value.ObjectValue() {
			object[string(key)] = plain(each)
		}
		return object
	case value.IsArray():
		array := []any{}
		for _, each := range value.ArrayValue() {
			array = append(array, plain(each))
		}
		return array
	}
	return value.V
}
