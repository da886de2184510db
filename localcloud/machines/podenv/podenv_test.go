package podenv_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"

	"geo-wordpress/localcloud/machines/podenv"
)

func listed(t *testing.T, objects ...any) cache.Indexer {
	t.Helper()
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for _, o := range objects {
		require.NoError(t, indexer.Add(o))
	}
	return indexer
}

func pod(t *testing.T) podenv.Pod {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "ns", Name: name} }
	return podenv.Pod{
		Pod: &corev1.Pod{ObjectMeta: meta("web-0"), Spec: corev1.PodSpec{NodeName: "node"}},
		IP:  "10.0.0.2", HostIP: "10.0.0.1",
		Objects: podenv.Objects{
			ConfigMaps: corelisters.NewConfigMapLister(listed(t, &corev1.ConfigMap{
				ObjectMeta: meta("config"), Data: map[string]string{"a": "1"}, BinaryData: map[string][]byte{"b": {0xff}},
			})),
			Secrets: corelisters.NewSecretLister(listed(t, &corev1.Secret{
				ObjectMeta: meta("secret"), Data: map[string][]byte{"password": []byte("p")},
			})),
			Services: corelisters.NewServiceLister(listed(t,
				&corev1.Service{ObjectMeta: meta("db"), Spec: corev1.ServiceSpec{ClusterIP: "10.1.0.1", Ports: []corev1.ServicePort{{Port: 4000}}}},
				&corev1.Service{ObjectMeta: meta("peers"), Spec: corev1.ServiceSpec{ClusterIP: "None", Ports: []corev1.ServicePort{{Port: 1}}}},
			)),
		},
	}
}

func TestEnvironment(t *testing.T) {
	p := pod(t)
	key := func(name, key string, optional bool) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key, Optional: &optional,
		}}
	}
	field := func(path string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}
	}
	env, err := p.Environment(&corev1.Container{
		EnvFrom: []corev1.EnvFromSource{{Prefix: "S_", SecretRef: &corev1.SecretEnvSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "secret"},
		}}},
		Env: []corev1.EnvVar{
			{Name: "A", ValueFrom: key("config", "a", false)},
			{Name: "NO_KEY", ValueFrom: key("config", "none", true)},
			{Name: "NO_OBJECT", ValueFrom: key("none", "a", true)},
			{Name: "URL", Value: "$(IP):$(A)$$(A)$(LATER)"},
			{Name: "IP", ValueFrom: field("status.podIP")},
			{Name: "URL2", Value: "$(IP):$(A)$$(A)$(LATER)"},
			{Name: "POD", ValueFrom: field("metadata.name")},
		},
	})
	require.NoError(t, err)
	assert.Equal(t, "10.1.0.1", env["DB_SERVICE_HOST"])
	assert.NotContains(t, env, "PEERS_SERVICE_HOST", "a headless Service")
	for name, value := range map[string]string{
		"HOSTNAME": "web-0", "S_password": "p", "A": "1", "IP": "10.0.0.2", "POD": "web-0",
		"URL": "$(IP):1$(A)$(LATER)", "URL2": "10.0.0.2:1$(A)$(LATER)",
	} {
		assert.Equal(t, value, env[name], name)
	}
	assert.NotContains(t, env, "NO_KEY")
	assert.NotContains(t, env, "NO_OBJECT")

	_, err = p.Environment(&corev1.Container{Env: []corev1.EnvVar{{Name: "X", ValueFrom: key("config", "none", false)}}})
	require.EqualError(t, err, "couldn't find key none in ConfigMap ns/config")
	_, err = p.Environment(&corev1.Container{Env: []corev1.EnvVar{{Name: "X", ValueFrom: key("none", "a", false)}}})
	require.ErrorContains(t, err, `configmap "none" not found`)
}

func TestFiles(t *testing.T) {
	p := pod(t)
	configMap := func(name string, optional bool, items ...corev1.KeyToPath) *corev1.ConfigMapVolumeSource {
		return &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Items: items, Optional: &optional}
	}
	for name, c := range map[string]struct {
		source corev1.VolumeSource
		want   map[string][]byte
		fails  string
	}{
		"all keys":      {source: corev1.VolumeSource{ConfigMap: configMap("config", false)}, want: map[string][]byte{"a": []byte("1"), "b": {0xff}}},
		"selected keys": {source: corev1.VolumeSource{ConfigMap: configMap("config", false, corev1.KeyToPath{Key: "a", Path: "x/y"})}, want: map[string][]byte{"x/y": []byte("1")}},
		"missing key":   {source: corev1.VolumeSource{ConfigMap: configMap("config", false, corev1.KeyToPath{Key: "c"})}, fails: "references non-existent config key: c"},
		"optional key":  {source: corev1.VolumeSource{ConfigMap: configMap("config", true, corev1.KeyToPath{Key: "c"})}, want: map[string][]byte{}},
		"no object":     {source: corev1.VolumeSource{ConfigMap: configMap("none", false)}, fails: "not found"},
		"optional":      {source: corev1.VolumeSource{ConfigMap: configMap("none", true, corev1.KeyToPath{Key: "c"})}},
		"projected": {source: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "secret"}}},
			{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{Path: "node", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.nodeName"}}}}},
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: ptr.To[int64](600)}},
		}}}, want: map[string][]byte{"password": []byte("p"), "node": []byte("node"), "token": nil}},
	} {
		files, ok, err := p.Files(&c.source)
		assert.True(t, ok, name)
		if c.fails != "" {
			assert.ErrorContains(t, err, c.fails, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.want, files, name)
	}
	_, ok, err := p.Files(&corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}})
	require.NoError(t, err)
	assert.False(t, ok)
}
