package declared_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"geo-wordpress/tools/conformance/declared"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// typed returns an object with its kind and key, like an API server's answer.
func typed(t *testing.T, kind string, key declared.Key, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	object := map[string]any{}
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	metadata, _ := object["metadata"].(map[string]any)
	metadata["namespace"], metadata["name"] = key.Namespace, key.Name
	object["kind"] = kind
	return object
}

func eachTyped[T any](t *testing.T, kind string, objects map[declared.Key]T) (all []any) {
	t.Helper()
	for key, o := range objects {
		all = append(all, typed(t, kind, key, o))
	}
	return all
}

// Read returns what was recorded: the same pods, with all they use.
func TestReadsWhatIsHandedOver(t *testing.T) {
	stack := declared.Committed(t, nil)
	var all []any
	for _, r := range stack.Regions {
		var objects []any
		objects = append(objects, eachTyped(t, "Service", r.Services)...)
		objects = append(objects, eachTyped(t, "ConfigMap", r.ConfigMaps)...)
		objects = append(objects, eachTyped(t, "Secret", r.Secrets)...)
		objects = append(objects, eachTyped(t, "PersistentVolumeClaim", r.Claims)...)
		objects = append(objects, eachTyped(t, "StatefulSet", r.StatefulSets)...)
		objects = append(objects, eachTyped(t, "Deployment", r.Deployments)...)
		objects = append(objects, eachTyped(t, "Job", r.Jobs)...)
		objects = append(objects, eachTyped(t, "CronJob", r.CronJobs)...)
		objects = append(objects, typed(t, "Namespace", declared.Key{Name: "other"}, map[string]any{"metadata": metav1.ObjectMeta{}}))
		all = append(all, map[string]any{"name": r.Name, "dnsDomain": r.DNSDomain,
			"pods": r.Ranges.Pods, "services": r.Ranges.Services, "objects": objects})
	}
	text, err := json.Marshal(map[string]any{"regions": all})
	if err != nil {
		t.Fatal(err)
	}
	read, err := declared.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Regions) != len(stack.Regions) {
		t.Fatalf("%d regions, want %d", len(read.Regions), len(stack.Regions))
	}
	for i, want := range stack.Regions {
		got := read.Regions[i]
		if got.Name != want.Name || got.DNSDomain != want.DNSDomain ||
			got.Ranges.Pods != want.Ranges.Pods || got.Ranges.Services != want.Ranges.Services {
			t.Errorf("region %+v, want %+v", got.Region, want.Region)
		}
		for _, app := range []string{"pd", "tidb", "nfs", "syncthing", "wordpress", "wordpress-cron"} {
			g, w := got.Pod(app), want.Pod(app)
			if g.Namespace != w.Namespace || !reflect.DeepEqual(g.Template, w.Template) {
				t.Errorf("%s in %s:\n%+v\nwant\n%+v", app, want.Name, g, w)
			}
		}
		for key, want := range want.Secrets {
			if !reflect.DeepEqual(got.Secrets[key].Data, want.Data) {
				t.Errorf("the Secret %s in %s is another", key, got.Name)
			}
		}
		if len(got.Services) != len(want.Services) || len(got.Claims) != len(want.Claims) || len(got.ConfigMaps) != len(want.ConfigMaps) {
			t.Errorf("%s: %d Services, %d claims, %d ConfigMaps; want %d, %d, %d", got.Name, len(got.Services), len(got.Claims),
				len(got.ConfigMaps), len(want.Services), len(want.Claims), len(want.ConfigMaps))
		}
	}
}

func TestRefusesWhatItDoesNotKnow(t *testing.T) {
	for text, want := range map[string]string{
		`{"regions": []}`:                                     "no regions",
		`{"regions": [{"nam": "a"}]}`:                         "nam",
		`{"regions": [{"name": "a", "pods": "10.0.0.0/99"}]}`: "10.0.0.0/99",
		`{"regions": [{"name": "a", "objects": [{"kind": "Service", "metadata": {"name": "x"}}]}]}`:                                          "namespace",
		`{"regions": [{"name": "a", "objects": [{"kind": "Service", "metadata": {"name": "x", "namespace": "y"}, "spec": {"prots": []}}]}]}`: "prots",
		``: "EOF",
	} {
		if _, err := declared.Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", text, err, want)
		}
	}
}
