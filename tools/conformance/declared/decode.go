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
	}
}

// add decodes an object of the kinds that run pods or that pods use; the others are for the control plane.
func (r *Region) add(declared *stacktest.Resource) error {
	switch declared.Kind() {
	case "Service":
		return decode(declared, r.Services)
	case "ConfigMap":
		return decode(declared, r.ConfigMaps)
	case "Secret":
		if err := decode(declared, r.Secrets); err != nil {
			return err
		}
		for _, secret := range r.Secrets {
			storeStringData(secret)
		}
	case "PersistentVolumeClaim":
		return decode(declared, r.Claims)
	case "StatefulSet":
		return decode(declared, r.StatefulSets)
	case "Deployment":
		return decode(declared, r.Deployments)
	case "Job":
		return decode(declared, r.Jobs)
	case "CronJob":
		return decode(declared, r.CronJobs)
	}
	return nil
}

// decode reads an object as the API server does, and refuses what it does not know.
func decode[Object any](declared *stacktest.Resource, into map[Key]*Object) error {
	text, err := json.Marshal(plain(resource.NewProperty(declared.Outputs)))
	if err != nil {
		return err
	}
	object := new(Object)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(object); err != nil {
		return err
	}
	namespace, name, ok := strings.Cut(declared.ID, "/")
	if !ok {
		return fmt.Errorf("ID %q is not namespace/name", declared.ID)
	}
	into[Key{namespace, name}] = object
	return nil
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

// plain is a property's value as encoding/json knows it, secrets opened.
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
