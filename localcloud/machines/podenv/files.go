package podenv

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
)

// Files returns the files of a volume that consists of API objects, by path. ok is false for other kinds of volume.
func (p Pod) Files(source *corev1.VolumeSource) (files map[string][]byte, ok bool, err error) {
	switch {
	case source.ConfigMap != nil:
		files, err = p.configMapFiles(source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.Optional)
	case source.Secret != nil:
		files, err = p.secretFiles(source.Secret.SecretName, source.Secret.Items, source.Secret.Optional)
	case source.DownwardAPI != nil:
		files, err = p.downwardFiles(source.DownwardAPI.Items)
	case source.Projected != nil:
		files, err = p.projectedFiles(source.Projected)
	default:
		return nil, false, nil
	}
	return files, true, err
}

func (p Pod) configMapFiles(name string, items []corev1.KeyToPath, optional *bool) (map[string][]byte, error) {
	data, err := p.configMap(name, optional)
	if err != nil || data == nil {
		return nil, err
	}
	return selected(data, items, optional, "config")
}

func (p Pod) secretFiles(name string, items []corev1.KeyToPath, optional *bool) (map[string][]byte, error) {
	data, err := p.secret(name, optional)
	if err != nil || data == nil {
		return nil, err
	}
	return selected(data, items, optional, "secret")
}

func (p Pod) downwardFiles(items []corev1.DownwardAPIVolumeFile) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, item := range items {
		var value string
		var err error
		switch {
		case item.FieldRef != nil:
			value, err = p.field(item.FieldRef.FieldPath)
		case item.ResourceFieldRef != nil:
			value, err = p.resource(item.ResourceFieldRef, "")
		}
		if err != nil {
			return nil, err
		}
		files[item.Path] = []byte(value)
	}
	return files, nil
}

func (p Pod) projectedFiles(source *corev1.ProjectedVolumeSource) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, part := range source.Sources {
		var files map[string][]byte
		var err error
		switch {
		case part.ConfigMap != nil:
			files, err = p.configMapFiles(part.ConfigMap.Name, part.ConfigMap.Items, part.ConfigMap.Optional)
		case part.Secret != nil:
			files, err = p.secretFiles(part.Secret.Name, part.Secret.Items, part.Secret.Optional)
		case part.DownwardAPI != nil:
			files, err = p.downwardFiles(part.DownwardAPI.Items)
		case part.ServiceAccountToken != nil: // no program here reads the token
			files = map[string][]byte{part.ServiceAccountToken.Path: nil}
		}
		if err != nil {
			return nil, err
		}
		maps.Copy(all, files)
	}
	return all, nil
}

// configMap returns a ConfigMap's data, nil if it is optional and missing.
func (p Pod) configMap(name string, optional *bool) (map[string][]byte, error) {
	object, err := p.Objects.ConfigMaps.ConfigMaps(p.Namespace).Get(name)
	if err != nil {
		return nil, required(err, optional)
	}
	data := map[string][]byte{}
	for key, value := range object.Data {
		data[key] = []byte(value)
	}
	maps.Copy(data, object.BinaryData)
	return data, nil
}

// secret returns a Secret's data, nil if it is optional and missing.
func (p Pod) secret(name string, optional *bool) (map[string][]byte, error) {
	object, err := p.Objects.Secrets.Secrets(p.Namespace).Get(name)
	if err != nil {
		return nil, required(err, optional)
	}
	return object.Data, nil
}

// required ignores the absence of an optional object.
func required(err error, optional *bool) error {
	if apierrors.IsNotFound(err) && ptr.Deref(optional, false) {
		return nil
	}
	return err
}

// key returns the value of a key of an object.
func (p Pod) key(data map[string][]byte, err error, key string, optional *bool, kind, name string) (value string, set bool, _ error) {
	if err != nil {
		return "", false, err
	}
	content, ok := data[key]
	if !ok && !ptr.Deref(optional, false) {
		return "", false, fmt.Errorf("couldn't find key %v in %s %v/%v", key, kind, p.Namespace, name)
	}
	return string(content), ok, nil
}

// selected returns a volume's files: all of data, or only the keys that items select.
func selected(data map[string][]byte, items []corev1.KeyToPath, optional *bool, kind string) (map[string][]byte, error) {
	if len(items) == 0 {
		return data, nil
	}
	files := map[string][]byte{}
	for _, item := range items {
		content, ok := data[item.Key]
		switch {
		case ok:
			files[item.Path] = content
		case !ptr.Deref(optional, false):
			return nil, fmt.Errorf("references non-existent %s key: %s", kind, item.Key)
		}
	}
	return files, nil
}
