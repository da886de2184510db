package machines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/machines/vpc"
)

type addr = netip.Addr

// cluster is the simulator's record of one cluster.
type cluster struct {
	sim    *Simulator
	info   cloud.Cluster
	host   string
	config *rest.Config
	client kubernetes.Interface

	ctx     context.Context
	cancel  context.CancelFunc
	done    sync.WaitGroup
	factory informers.SharedInformerFactory
	events  record.EventBroadcaster
	changed atomic.Bool

	podLister        corelisters.PodLister
	nodeLister       corelisters.NodeLister
	serviceLister    corelisters.ServiceLister
	namespaceLister  corelisters.NamespaceLister
	configMapLister  corelisters.ConfigMapLister
	secretLister     corelisters.SecretLister
	claimLister      corelisters.PersistentVolumeClaimLister
	volumeLister     corelisters.PersistentVolumeLister
	sliceLister      discoverylisters.EndpointSliceLister
	policyLister     networkinglisters.NetworkPolicyLister
	classLister      storagelisters.StorageClassLister
	attachmentLister storagelisters.VolumeAttachmentLister

	statuses    *keyed // pod statuses to report, by UID
	attachments *keyed // VolumeAttachments to process, by name
	provisions  *keyed // claims and volumes to process
	boots       *keyed // machines that have power again, by name
	poolLocks   sync.Map

	// Guarded by Simulator.mu.
	machines  map[string]*machine
	pools     map[string]*cloud.NodePool
	pods      map[types.UID]*pod
	recorders map[string]record.EventRecorder // by node
}

func newCluster(s *Simulator, info cloud.Cluster, config *rest.Config) (*cluster, error) {
	own := rest.CopyConfig(config)
	own.QPS, own.Burst = 100, 200
	own.UserAgent = "localcloud-machines"
	own.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	own.ContentType = runtime.ContentTypeProtobuf
	client, err := kubernetes.NewForConfig(own)
	if err != nil {
		return nil, err
	}
	patient := rest.CopyConfig(own)
	patient.Dial = patientDial
	watches, err := kubernetes.NewForConfig(patient)
	if err != nil {
		return nil, err
	}
	c := &cluster{
		sim: s, info: info, host: config.Host, config: rest.CopyConfig(config), client: client,
		machines: map[string]*machine{}, pools: map[string]*cloud.NodePool{}, pods: map[types.UID]*pod{}, recorders: map[string]record.EventRecorder{},
	}
	c.ctx, c.cancel = context.WithCancel(s.ctx)
	c.events = record.NewBroadcaster(record.WithContext(c.ctx))
	c.events.StartRecordingToSink(&typedcore.EventSinkImpl{Interface: client.CoreV1().Events("")})
	c.statuses = newKeyed(c, "pod status", c.writeStatus)
	c.attachments = newKeyed(c, "attachment", c.attach)
	c.provisions = newKeyed(c, "provisioning", c.provision)
	c.boots = newKeyed(c, "boot", c.boot)

	// Drop managed fields: they are half of every object, and nothing here reads them.
	c.factory = informers.NewSharedInformerFactoryWithOptions(watches, 0, informers.WithTransform(func(object any) (any, error) {
		if accessor, err := meta.Accessor(object); err == nil {
			accessor.SetManagedFields(nil)
		}
		return object, nil
	}))
	core, storage := c.factory.Core().V1(), c.factory.Storage().V1()
	c.podLister, c.nodeLister = core.Pods().Lister(), core.Nodes().Lister()
	c.serviceLister, c.namespaceLister = core.Services().Lister(), core.Namespaces().Lister()
	c.configMapLister, c.secretLister = core.ConfigMaps().Lister(), core.Secrets().Lister()
	c.claimLister, c.volumeLister = core.PersistentVolumeClaims().Lister(), core.PersistentVolumes().Lister()
	c.sliceLister = c.factory.Discovery().V1().EndpointSlices().Lister()
	c.policyLister = c.factory.Networking().V1().NetworkPolicies().Lister()
	c.classLister, c.attachmentLister = storage.StorageClasses().Lister(), storage.VolumeAttachments().Lister()

	look := c.onChange(nil)
	for _, informer := range []cache.SharedIndexInformer{
		core.Pods().Informer(), core.Nodes().Informer(), core.Services().Informer(), core.Namespaces().Informer(),
		core.ConfigMaps().Informer(), core.Secrets().Informer(),
		c.factory.Discovery().V1().EndpointSlices().Informer(), c.factory.Networking().V1().NetworkPolicies().Informer(),
	} {
		if _, err := informer.AddEventHandler(look); err != nil {
			return nil, err
		}
	}
	for informer, queue := range map[cache.SharedIndexInformer]func(any){
		storage.VolumeAttachments().Informer(): c.queueAttachment,
		storage.StorageClasses().Informer():    func(any) {},
		core.PersistentVolumeClaims().Informer(): func(object any) {
			if claim, ok := object.(*corev1.PersistentVolumeClaim); ok {
				c.provisions.add("claim/" + claim.Namespace + "/" + claim.Name)
			}
		},
		core.PersistentVolumes().Informer(): func(object any) {
			if volume, ok := object.(*corev1.PersistentVolume); ok {
				c.provisions.add("volume/" + volume.Name)
			}
		},
	} {
		if _, err := informer.AddEventHandler(c.onChange(queue)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// onChange wakes the loop on a change and, if queue is set, passes the object to it.
func (c *cluster) onChange(queue func(any)) cache.ResourceEventHandler {
	handle := func(object any) {
		c.changed.Store(true)
		c.sim.poke()
		if queue != nil {
			queue(object)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc: handle, DeleteFunc: handle, UpdateFunc: func(_, object any) { handle(object) },
	}
}

// start waits until the informers have listed the cluster's objects.
func (c *cluster) start(ctx context.Context) error {
	c.factory.Start(c.ctx.Done())
	waiting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for kind, synced := range c.factory.WaitForCacheSync(waiting.Done()) {
		if !synced {
			return fmt.Errorf("could not list %v from %s: %w", kind, c.host, cmp.Or(waiting.Err(), errors.New("stopped")))
		}
	}
	if err := c.installDrivers(waiting); err != nil {
		return err
	}
	for _, queue := range []*keyed{c.statuses, c.attachments, c.provisions, c.boots} {
		queue.start()
	}
	c.done.Add(1)
	go c.heartbeats()
	return nil
}

func (c *cluster) stop() {
	c.cancel()
	for _, queue := range []*keyed{c.statuses, c.attachments, c.provisions, c.boots} {
		queue.stop()
	}
	c.done.Wait()
	c.events.Shutdown()
	c.factory.Shutdown()
}

// picture returns the cluster as the network model sees it.
func (c *cluster) picture() vpc.Cluster {
	p := vpc.Cluster{Cluster: c.info}
	p.Pods, _ = c.podLister.List(labels.Everything())
	p.Services, _ = c.serviceLister.List(labels.Everything())
	p.Slices, _ = c.sliceLister.List(labels.Everything())
	p.Policies, _ = c.policyLister.List(labels.Everything())
	p.Namespaces, _ = c.namespaceLister.List(labels.Everything())
	for _, m := range c.machines {
		p.Nodes = append(p.Nodes, vpc.Node{Name: m.name, IP: m.ip, Tags: m.tags(c), Down: m.power != on})
	}
	return p
}

// refresh updates the pods' records from the API server's pods.
func (c *cluster) refresh(now time.Time) {
	seen := map[types.UID]bool{}
	objects, _ := c.podLister.List(labels.Everything())
	for _, object := range objects {
		m := c.machines[object.Spec.NodeName]
		if m == nil {
			continue
		}
		seen[object.UID] = true
		if p := c.pods[object.UID]; p != nil {
			p.api = object
			continue
		}
		c.pods[object.UID] = newPod(c, m, object, now)
	}
	for uid, p := range c.pods {
		if !seen[uid] {
			p.killAll()
			delete(c.pods, uid)
		}
	}
}

// ordered lists the pods, the oldest first.
func (c *cluster) ordered() []*pod {
	return slices.SortedFunc(maps.Values(c.pods), func(a, b *pod) int {
		return cmp.Or(a.api.CreationTimestamp.Compare(b.api.CreationTimestamp.Time), cmp.Compare(a.uid, b.uid))
	})
}

// recorder writes events as a node's kubelet, or as another component if there is no node.
func (c *cluster) recorder(component, node string) record.EventRecorder {
	key := component + "/" + node
	r := c.recorders[key]
	if r == nil {
		r = c.events.NewRecorder(scheme.Scheme, corev1.EventSource{Component: component, Host: node})
		c.recorders[key] = r
	}
	return r
}

func (c *cluster) queueAttachment(object any) {
	if attachment, ok := object.(*storagev1.VolumeAttachment); ok {
		c.attachments.add(attachment.Name)
	}
}
