package livetest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane"
	"geo-wordpress/localcloud/controlplane/components"
	"geo-wordpress/localcloud/machines"
)

// waitTimeout is the timeout of every wait, on a machine that may be busy with other things.
const waitTimeout = 2 * time.Minute

const (
	project = "test-project"
	network = "projects/test-project/global/networks/n"
)

// region is one cluster of the tests, with its pool.
type region struct {
	cloud.Cluster
	pool   cloud.NodePool
	config *rest.Config
	client kubernetes.Interface
}

// world is shared by the tests: two clusters in one network, and the machines.
var world struct {
	dir       string
	planes    *controlplane.Manager
	simulator *machines.Simulator
	facts     *facts
	regions   []*region
	err       error
}

func TestMain(m *testing.M) {
	components.Run(os.Args[1:])
	flag.Parse()
	if testing.Short() {
		fmt.Println("real control planes take a while: skipped in short mode")
		os.Exit(0)
	}
	code := 1
	if world.err = begin(); world.err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, world.err)
	}
	end()
	os.Exit(code)
}

func newSimulator() *machines.Simulator {
	level := slog.LevelWarn
	if os.Getenv("MACHINES_TEST_VERBOSE") != "" {
		level = slog.LevelDebug
	}
	s := machines.New(machines.Options{
		Dir:          world.dir + "/logs",
		Log:          slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
		Speed:        20,
		DrainTimeout: 20 * time.Second,
	})
	s.SetFacts(world.facts)
	return s
}

func begin() error {
	var err error
	if world.dir, err = os.MkdirTemp("", "machines"); err != nil {
		return err
	}
	if world.planes, err = controlplane.Open(controlplane.Options{Dir: world.dir + "/planes"}); err != nil {
		return err
	}
	world.facts = newFacts()
	world.simulator = newSimulator()
	ctx, cancel := context.WithTimeout(context.Background(), 2*waitTimeout)
	defer cancel()
	var wait sync.WaitGroup
	failures := make([]error, 2)
	for i, name := range []string{"a", "b"} {
		r := newRegion(i, name)
		world.regions = append(world.regions, r)
		wait.Add(1)
		go func() {
			defer wait.Done()
			failures[i] = r.start(ctx)
		}()
	}
	wait.Wait()
	return errors.Join(failures...)
}

func newRegion(i int, name string) *region {
	zone := fmt.Sprintf("europe-west%d-b", i+1)
	c := cloud.Cluster{
		ID:      fmt.Sprintf("projects/%s/locations/%s/clusters/%s", project, zone, name),
		Project: project, Location: zone, Name: name, Network: network,
		DNSDomain: name + ".test", VPCScope: true,
		NodeRange:    netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/22", 64+i)),
		PodRange:     netip.MustParsePrefix(fmt.Sprintf("10.%d.128.0/17", 64+i)),
		ServiceRange: netip.MustParsePrefix(fmt.Sprintf("10.%d.16.0/20", 64+i)),
	}
	return &region{Cluster: c, pool: cloud.NodePool{
		ID: c.ID + "/nodePools/main", Name: "main", Cluster: c.ID, Zone: zone,
		InstanceGroup: "gke-" + name + "-main-0a1b2c3d-grp", MachineType: "e2-standard-2", Count: 2,
		Tags: []string{"db"}, DiskSizeGB: 50,
	}}
}

func (r *region) start(ctx context.Context) error {
	if _, err := world.planes.Ensure(ctx, r.Cluster); err != nil {
		return err
	}
	var err error
	if r.config, err = world.planes.Config(r.ID); err != nil {
		return err
	}
	if r.client, err = kubernetes.NewForConfig(r.config); err != nil {
		return err
	}
	if err := world.simulator.AddCluster(ctx, r.Cluster, r.config); err != nil {
		return err
	}
	return world.simulator.EnsureNodePool(ctx, r.pool)
}

func end() {
	if world.simulator != nil {
		world.simulator.Close()
	}
	if world.planes != nil {
		_ = world.planes.Close()
	}
	_ = os.RemoveAll(world.dir)
}

// facts is a fake cloud with disks and firewalls.
type facts struct {
	cloud.Objects
	mu        sync.Mutex
	disks     map[string]cloud.Disk
	holders   map[string]string
	ports     []int // the ports that the firewall admits between clusters
	frontEnds int   // the port that it admits a load balancer's front ends to
	isolated  bool  // without a route to the Internet
}

func newFacts() *facts {
	return &facts{disks: map[string]cloud.Disk{}, holders: map[string]string{}, ports: []int{2379, 2380, 20160, 20180, 22000}}
}

func (f *facts) addDisk(r *region, name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := fmt.Sprintf("projects/%s/zones/%s/disks/%s", project, r.pool.Zone, name)
	f.disks[id] = cloud.Disk{ID: id, Zone: r.pool.Zone, SizeGB: 10}
	return id
}

func (f *facts) holder(handle string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.holders[handle]
}

func (f *facts) Disk(handle string) (cloud.Disk, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, ok := f.disks[handle]
	return d, ok
}

func (f *facts) Admits(_ string, from netip.Addr, tags []string, protocol string, port int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if protocol != "tcp" || !slices.Contains(tags, "db") {
		return false
	}
	return slices.Contains(f.ports, port) && netip.MustParsePrefix("10.64.0.0/12").Contains(from) ||
		f.frontEnds == port && netip.MustParsePrefix("35.191.0.0/16").Contains(from)
}

// enter opens a port to a load balancer's front ends.
func (f *facts) enter(port int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frontEnds = port
}

func (f *facts) admit(ports ...int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ports = ports
}

func (f *facts) Internet(string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.isolated
}

func (f *facts) isolate(yes bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.isolated = yes
}

func (f *facts) Attach(handle, instance, zone string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, ok := f.disks[handle]
	switch {
	case !ok:
		return fmt.Errorf("the disk %s was not found", handle)
	case d.Zone != zone:
		return fmt.Errorf("the disk is in %s, the instance in %s", d.Zone, zone)
	case f.holders[handle] != "" && f.holders[handle] != instance:
		return fmt.Errorf("the disk is in use by %s", f.holders[handle])
	}
	f.holders[handle] = instance
	return nil
}

func (f *facts) Detach(handle, instance string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.holders[handle] == instance {
		delete(f.holders, handle)
	}
}

func (f *facts) Resize(handle string, sizeGB int) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, ok := f.disks[handle]
	if !ok {
		return 0, fmt.Errorf("the disk %s was not found", handle)
	}
	d.SizeGB = max(d.SizeGB, sizeGB)
	f.disks[handle] = d
	return d.SizeGB, nil
}

// namespace creates a namespace for the duration of the test. It waits for the API server's certificate, which pods
// mount and which a controller publishes there a moment later.
func (r *region) namespace(t *testing.T, name string) string {
	t.Helper()
	_, err := r.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	require.NoError(t, err)
	eventually(t, "the API server's certificate", func() (bool, error) {
		_, err := r.client.CoreV1().ConfigMaps(name).Get(t.Context(), "kube-root-ca.crt", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
	t.Cleanup(func() {
		if t.Failed() {
			r.describe(t, name)
		}
		_ = r.client.CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{})
	})
	return name
}

// describe logs the state of a namespace's pods, its events and its containers' logs.
func (r *region) describe(t *testing.T, namespace string) {
	ctx := context.Background()
	pods, err := r.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	for _, p := range pods.Items {
		t.Logf("%s pod %s: %s on %s, %s", r.Name, p.Name, p.Status.Phase, p.Spec.NodeName, p.Status.PodIP)
		for _, c := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
			t.Logf("  %s ready=%v restarts=%d %+v", c.Name, c.Ready, c.RestartCount, c.State)
		}
	}
	for _, line := range r.events(t, namespace) {
		t.Log(r.Name, line)
	}
	entries, _ := os.ReadDir(world.dir + "/logs/" + strings.ReplaceAll(r.ID, "/", "_"))
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), namespace+"_") {
			text, _ := os.ReadFile(world.dir + "/logs/" + strings.ReplaceAll(r.ID, "/", "_") + "/" + entry.Name())
			t.Logf("%s:\n%s", entry.Name(), text)
		}
	}
}

// events lists a namespace's events, each as "Type Reason object: message".
func (r *region) events(t *testing.T, namespace string) []string {
	list, err := r.client.CoreV1().Events(namespace).List(context.Background(), metav1.ListOptions{})
	require.NoError(t, err)
	var lines []string
	for _, e := range list.Items {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s", e.Type, e.Reason, e.InvolvedObject.Name, e.Message))
	}
	slices.Sort(lines)
	return lines
}

// warnings returns a namespace's warning events; a healthy start has none.
func (r *region) warnings(t *testing.T, namespace string) []string {
	return slices.DeleteFunc(r.events(t, namespace), func(line string) bool { return !strings.HasPrefix(line, "Warning") })
}

// eventually waits until a condition is true.
func eventually(t *testing.T, what string, is func() (bool, error)) {
	t.Helper()
	deadline := time.Now().Add(waitTimeout)
	for {
		ok, err := is()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			require.FailNow(t, what+" does not come true", "%v", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// ready waits for pods to be ready.
func (r *region) ready(t *testing.T, namespace, selector string, count int) []corev1.Pod {
	t.Helper()
	var found []corev1.Pod
	eventually(t, fmt.Sprintf("%d ready pods %s in %s", count, selector, r.Name), func() (bool, error) {
		list, err := r.client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return false, err
		}
		found = slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return !isReady(&p) })
		return len(found) == count, nil
	})
	return found
}

func isReady(p *corev1.Pod) bool {
	return p.DeletionTimestamp == nil && slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// event waits for an event with all the fragments.
func (r *region) event(t *testing.T, namespace string, fragments ...string) {
	t.Helper()
	eventually(t, fmt.Sprintf("an event with %q", fragments), func() (bool, error) {
		return slices.ContainsFunc(r.events(t, namespace), func(line string) bool {
			return !slices.ContainsFunc(fragments, func(f string) bool { return !strings.Contains(line, f) })
		}), nil
	})
}

func quantity(s string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(s)}
}
