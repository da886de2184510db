// Package world runs the whole system on one machine: the declared stack, the network of its regions with their names,
// and a kubelet for their pods.
//
// A test makes a World of a declared stack, and starts applications in its regions by their declared names:
//
//	w := world.New(t, declared.Committed(t, nil))
//	pd := w.Start("europe-west1", "pd")           // as declared; returns while it starts
//	w.Ready(time.Minute, pd)                      // on a timeout, fails the test with the pod's events and logs
//	pd.Signal(syscall.SIGKILL)                    // a process dies: the kubelet restarts it
//	pd.PowerOff()                                 // a machine fails: off the network, gone without notice
//	w.Network.Cut("europe-west1", "europe-west2")     // two regions lose each other, until Join
//	stopped := pd.Stop()                          // an eviction: hook, signal, grace
//
// Volumes of claims outlive their pods, by region and claim: a pod that is started again finds its data. Services
// resolve to the pods behind them once they are ready or, where declared, before.
//
// Start's changes are for what a test breaks on purpose. Substitutions lists the differences that a single machine makes
// necessary.
package world

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"geo-wordpress/regions"
	"geo-wordpress/tools/conformance/authority"
	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/images"
	"geo-wordpress/tools/conformance/kubelet"
	"geo-wordpress/tools/conformance/netns"
	"geo-wordpress/tools/conformance/sandbox"

	corev1 "k8s.io/api/core/v1"
)

// World is a running stack.
type World struct {
	Stack   *declared.Stack
	Network *netns.Network
	Names   *netns.Names
	// Artefacts is the directory for the test's artefacts: the containers' logs, screenshots.
	Artefacts string
	// WordPress is the version of WordPress that runs: images.Unstable unless a test changes it.
	WordPress string
	// Authority is a certificate authority, in PEM, that the pods trust in place of the public ones; empty for none.
	Authority string

	t       T
	kubelet *kubelet.Kubelet
	disks   string

	later map[*declared.Region]map[declared.Key]*corev1.ConfigMap // what Stands declares

	lock sync.Mutex
	pods []*kubelet.Pod
}

// T is the owner of a world: a test, or a program that acts like one. Fatal and Fatalf do not return. Functions given
// to Cleanup are called at the end, the last one first.
type T interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Places are the directories of a world.
type Places struct {
	// Disks has the volumes. Existing ones are used again.
	Disks string
	// Artefacts has the run's artefacts. It is emptied first.
	Artefacts string
}

// Artefacts returns the directory for the artefacts of all runs.
func Artefacts() string {
	if directory := os.Getenv("CONFORMANCE_ARTEFACTS"); directory != "" {
		return directory
	}
	return filepath.Join(filepath.Dir(images.Bin()), ".conformance")
}

// New makes the world of a stack, with its own volumes. It ends with the test.
func New(t testing.TB, stack *declared.Stack) *World {
	t.Helper()
	name := strings.ReplaceAll(t.Name(), "/", "-")
	disks := filepath.Join(sandbox.State(), "disks-"+name)
	t.Cleanup(func() { _ = os.RemoveAll(disks) }) // after the world's end
	return At(t, stack, Places{Disks: disks, Artefacts: filepath.Join(Artefacts(), name)})
}

// At makes the world of a stack at the places given.
func At(t T, stack *declared.Stack, places Places) *World {
	t.Helper()
	w := &World{
		Stack:     stack,
		WordPress: images.Unstable,
		Artefacts: places.Artefacts,
		t:         t,
		disks:     places.Disks,
	}
	if err := os.RemoveAll(w.Artefacts); err != nil {
		t.Fatal(err)
	}
	var all []regions.Region
	for _, r := range stack.Regions {
		all = append(all, r.Region)
	}
	var err error
	if w.Network, err = netns.New(all); err != nil {
		t.Fatal(err)
	}
	if w.Names, err = w.Network.ServeNames(); err != nil {
		t.Fatal(err)
	}
	w.kubelet = &kubelet.Kubelet{Network: w.Network, Image: w.image, Claim: w.claim, Search: search, Logs: w.Artefacts}
	t.Cleanup(w.close)
	w.later = map[*declared.Region]map[declared.Key]*corev1.ConfigMap{}
	for _, r := range stack.Regions {
		w.later[r] = map[declared.Key]*corev1.ConfigMap{}
		for key, object := range r.ConfigMaps {
			if key.Name == "database-stands" {
				w.later[r][key] = object
				delete(r.ConfigMaps, key)
			}
		}
		w.services(r)
		w.Files(r.Name) // makes the volume, since its claim is bound
	}
	return w
}

func (w *World) close() {
	for _, p := range w.Running() {
		p.PowerOff()
	}
	w.Names.Close()
	w.Network.Close()
}

// Stands declares that the database has been complete: the graph creates the ConfigMap that says so after it.
func (w *World) Stands() {
	for r, objects := range w.later {
		maps.Copy(r.ConfigMaps, objects)
	}
}

// Start starts a pod of an application as its region declares it, with changes.
func (w *World) Start(region, app string, changes ...func(*declared.Pod)) *kubelet.Pod {
	w.t.Helper()
	pod := w.Stack.Region(region).Pod(app)
	for _, change := range changes {
		change(pod)
	}
	return w.Run(pod)
}

// Run starts a pod.
func (w *World) Run(pod *declared.Pod) *kubelet.Pod {
	w.t.Helper()
	p, err := w.kubelet.Start(pod)
	if err != nil {
		w.t.Fatal(err)
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	w.pods = append(w.pods, p)
	return p
}

// Running returns the pods that have not ended.
func (w *World) Running() []*kubelet.Pod {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.pods = slices.DeleteFunc(w.pods, func(p *kubelet.Pod) bool {
		select {
		case <-p.Ended():
			return true
		default:
			return false
		}
	})
	return slices.Clone(w.pods)
}

// Ready waits until the pods are ready, and ends the test if they are not in time.
func (w *World) Ready(within time.Duration, pods ...*kubelet.Pod) {
	w.t.Helper()
	w.Eventually(within, "the pods are ready", func() error {
		for _, p := range pods {
			if !p.Ready() {
				return fmt.Errorf("%s in %s is not ready\n%s", p.FullName, p.Region.Name, w.Describe(p))
			}
		}
		return nil
	})
}

// Done waits until a pod has ended, and ends the test on a timeout or if the pod failed.
func (w *World) Done(within time.Duration, p *kubelet.Pod) {
	w.t.Helper()
	select {
	case <-p.Ended():
	case <-time.After(within):
		w.t.Fatalf("%s in %s has not ended after %v\n%s", p.FullName, p.Region.Name, within, w.Describe(p))
	}
	if !p.Succeeded() {
		w.t.Fatalf("%s in %s failed\n%s", p.FullName, p.Region.Name, w.Describe(p))
	}
}

// Eventually polls until there is no error, and ends the test with the last error on a timeout.
func (w *World) Eventually(within time.Duration, what string, ask func() error) {
	w.t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(200 * time.Millisecond) {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("waiting %v until %s: %v", within, what, err)
		}
	}
}

// Describe returns a pod's events and the ends of its logs.
func (w *World) Describe(p *kubelet.Pod) string {
	var b strings.Builder
	for _, e := range p.Events() {
		fmt.Fprintln(&b, "  ", e)
	}
	for _, containers := range [][]corev1.Container{p.Spec().InitContainers, p.Spec().Containers} {
		for _, c := range containers {
			lines := strings.Split(strings.TrimSpace(p.Log(c.Name)), "\n")
			for _, line := range lines[max(0, len(lines)-15):] {
				fmt.Fprintln(&b, "   "+c.Name+"|", line)
			}
		}
	}
	return b.String()
}

// Disk returns the directory that stands in for a volume of a region.
func (w *World) Disk(region, name string) string {
	directory := filepath.Join(w.disks, region, name)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		w.t.Fatal(err)
	}
	return directory
}

// claim returns the volume of a claim: its own disk, or, if a file server provides it, a directory on that server's
// disk, which the server makes open to all.
func (w *World) claim(region *declared.Region, key declared.Key) (directory string, files bool, err error) {
	claim := region.Claims[key]
	if claim == nil {
		return "", false, fmt.Errorf("the claim %s does not exist", key)
	}
	if slices.Contains(claim.Spec.AccessModes, corev1.ReadWriteMany) {
		directory = w.Shared(region.Name, key)
		return directory, true, nil
	}
	return w.Disk(region.Name, key.Name), false, nil
}

// Shared returns the directory behind a claim that the region's file server provides: on the server's own disk, under
// the volume's name, made as the provisioner makes it.
func (w *World) Shared(region string, key declared.Key) string {
	claim := w.Stack.Region(region).Claims[key]
	server := w.Stack.Region(region).Pod("nfs")
	for _, v := range server.Spec().Volumes {
		if v.PersistentVolumeClaim == nil {
			continue
		}
		directory := filepath.Join(w.Disk(region, v.PersistentVolumeClaim.ClaimName), claim.Spec.VolumeName)
		if _, err := os.Stat(directory); err != nil {
			if err := os.Mkdir(directory, 0o777); err != nil {
				w.t.Fatal(err)
			}
			if err := os.Chmod(directory, os.ModeSetgid|0o777); err != nil {
				w.t.Fatal(err)
			}
		}
		return directory
	}
	w.t.Fatalf("the file server of %s has no disk", region)
	return ""
}

// image returns the substitute for an image.
func (w *World) image(reference string) (*kubelet.Image, error) {
	image, err := images.Find(reference, w.WordPress)
	if err == nil && w.Authority != "" {
		const path = "/etc/ssl/authority-of-the-test.pem"
		hashed, err := authority.Hash(w.Authority)
		if err != nil {
			return nil, err
		}
		if image.Root.Files == nil {
			image.Root.Files = map[string]sandbox.File{}
		}
		image.Root.Files[path] = sandbox.File{Text: w.Authority, Mode: 0o644}
		// Where OpenSSL looks for the public ones, by the hash of the name.
		image.Root.Files["/etc/ssl/certs/"+hashed+".0"] = sandbox.File{Text: w.Authority, Mode: 0o644}
		image.Env = append(image.Env, "SSL_CERT_FILE="+path)
	}
	return image, err
}

func search(region *declared.Region, namespace string) []string {
	return []string{namespace + ".svc." + region.DNSDomain, "svc." + region.DNSDomain, region.DNSDomain}
}

// services registers the names of a region's Services. A Service with a cluster address and no endpoints resolves to
// that address, where nobody listens.
func (w *World) services(r *declared.Region) {
	address := r.Ranges.Services.Addr()
	for key, service := range r.Services {
		var cluster []netip.Addr
		if service.Spec.ClusterIP != corev1.ClusterIPNone {
			address = address.Next()
			if err := w.Network.Assign(address); err != nil {
				w.t.Fatal(err)
			}
			cluster = []netip.Addr{address}
		}
		w.Names.Set(key.Name+"."+key.Namespace+".svc."+r.DNSDomain, func() []netip.Addr {
			if behind := w.endpoints(r, key, service); len(behind) > 0 {
				return behind
			}
			return cluster
		})
	}
}

// endpoints returns the addresses of the pods behind a Service.
func (w *World) endpoints(r *declared.Region, key declared.Key, service *corev1.Service) (addresses []netip.Addr) {
	for _, p := range w.Running() {
		if p.Region.Name != r.Name || p.Namespace != key.Namespace || !selects(service.Spec.Selector, p.Template.Labels) {
			continue
		}
		if p.Ready() || service.Spec.PublishNotReadyAddresses {
			addresses = append(addresses, p.Network.Address)
		}
	}
	return addresses
}

func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}
