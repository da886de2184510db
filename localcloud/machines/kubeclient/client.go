// Package kubeclient connects the machines of one cluster to its API server: a client, caches of the objects that they
// read, events, and work queues for the objects that they write.
package kubeclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
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
)

// Client is the connection to one cluster. It is safe for concurrent use.
type Client struct {
	kubernetes.Interface
	Info cloud.Cluster
	Log  *slog.Logger // names the cluster

	// Caches of the cluster's objects.
	Pods        corelisters.PodLister
	Nodes       corelisters.NodeLister
	Services    corelisters.ServiceLister
	Namespaces  corelisters.NamespaceLister
	ConfigMaps  corelisters.ConfigMapLister
	Secrets     corelisters.SecretLister
	Accounts    corelisters.ServiceAccountLister
	Claims      corelisters.PersistentVolumeClaimLister
	Volumes     corelisters.PersistentVolumeLister
	Slices      discoverylisters.EndpointSliceLister
	Policies    networkinglisters.NetworkPolicyLister
	Classes     storagelisters.StorageClassLister
	Attachments storagelisters.VolumeAttachmentLister

	config  *rest.Config
	ctx     context.Context
	cancel  context.CancelFunc
	done    sync.WaitGroup
	factory informers.SharedInformerFactory
	events  record.EventBroadcaster
	queues  []*Queue
}

// New creates a client. It calls changed with every object that is added, updated or deleted. The caller must stop it,
// or end ctx.
func New(ctx context.Context, info cloud.Cluster, config *rest.Config, log *slog.Logger, changed func(object any)) (*Client, error) {
	own := rest.CopyConfig(config)
	own.QPS, own.Burst = 100, 200
	own.UserAgent = "localcloud-machines"
	own.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	own.ContentType = runtime.ContentTypeProtobuf
	client, err := kubernetes.NewForConfig(own)
	if err != nil {
		return nil, err
	}
	watching := rest.CopyConfig(own)
	watching.Dial = retryDial
	watches, err := kubernetes.NewForConfig(watching)
	if err != nil {
		return nil, err
	}
	c := &Client{Interface: client, Info: info, Log: log.With("cluster", info.Name), config: rest.CopyConfig(config)}
	c.ctx, c.cancel = context.WithCancel(ctx)
	c.events = record.NewBroadcaster(record.WithContext(c.ctx))
	c.events.StartRecordingToSink(&typedcore.EventSinkImpl{Interface: client.CoreV1().Events("")})
	return c, c.watch(watches, changed)
}

// watch creates the caches.
func (c *Client) watch(watches kubernetes.Interface, changed func(object any)) error {
	// Drop managed fields: they are half of every object, and nothing here reads them.
	c.factory = informers.NewSharedInformerFactoryWithOptions(watches, 0, informers.WithTransform(func(object any) (any, error) {
		if accessor, err := meta.Accessor(object); err == nil {
			accessor.SetManagedFields(nil)
		}
		return object, nil
	}))
	core, storage := c.factory.Core().V1(), c.factory.Storage().V1()
	slices, policies := c.factory.Discovery().V1().EndpointSlices(), c.factory.Networking().V1().NetworkPolicies()
	c.Pods, c.Nodes = core.Pods().Lister(), core.Nodes().Lister()
	c.Services, c.Namespaces = core.Services().Lister(), core.Namespaces().Lister()
	c.ConfigMaps, c.Secrets = core.ConfigMaps().Lister(), core.Secrets().Lister()
	c.Accounts = core.ServiceAccounts().Lister()
	c.Claims, c.Volumes = core.PersistentVolumeClaims().Lister(), core.PersistentVolumes().Lister()
	c.Slices, c.Policies = slices.Lister(), policies.Lister()
	c.Classes, c.Attachments = storage.StorageClasses().Lister(), storage.VolumeAttachments().Lister()

	handler := cache.ResourceEventHandlerFuncs{
		AddFunc: changed, DeleteFunc: changed, UpdateFunc: func(_, object any) { changed(object) },
	}
	for _, informer := range []cache.SharedIndexInformer{
		core.Pods().Informer(), core.Nodes().Informer(), core.Services().Informer(), core.Namespaces().Informer(),
		core.ConfigMaps().Informer(), core.Secrets().Informer(), core.ServiceAccounts().Informer(), core.PersistentVolumeClaims().Informer(),
		core.PersistentVolumes().Informer(), slices.Informer(), policies.Informer(),
		storage.StorageClasses().Informer(), storage.VolumeAttachments().Informer(),
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	return nil
}

// Sync fills the caches.
func (c *Client) Sync(ctx context.Context) error {
	c.factory.Start(c.ctx.Done())
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for kind, synced := range c.factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("could not list %v from %s: %w", kind, c.config.Host, cmp.Or(ctx.Err(), errors.New("stopped")))
		}
	}
	return nil
}

// Run starts the workers of the queues.
func (c *Client) Run() {
	for _, q := range c.queues {
		for range workers {
			c.Go(q.run)
		}
	}
}

// Go runs f in a goroutine of its own. Stop ends the context and waits for f.
func (c *Client) Go(f func(ctx context.Context)) {
	c.done.Add(1)
	go func() {
		defer c.done.Done()
		f(c.ctx)
	}()
}

// Stop ends the connection.
func (c *Client) Stop() {
	c.cancel()
	for _, q := range c.queues {
		q.ShutDown()
	}
	c.done.Wait()
	c.events.Shutdown()
	c.factory.Shutdown()
}

// Context ends when the client stops.
func (c *Client) Context() context.Context { return c.ctx }

// Host is the API server's address.
func (c *Client) Host() string { return c.config.Host }

// Recorder writes events as a component, on a node or, if that is empty, on none.
func (c *Client) Recorder(component, node string) record.EventRecorder {
	return c.events.NewRecorder(scheme.Scheme, corev1.EventSource{Component: component, Host: node})
}

// Dynamic returns a client for objects of any type.
func (c *Client) Dynamic() (dynamic.Interface, error) { return dynamic.NewForConfig(c.config) }

// WithToken returns a client with the rights of a token's service account.
func (c *Client) WithToken(token, userAgent string) (kubernetes.Interface, error) {
	config := rest.AnonymousClientConfig(c.config)
	config.BearerToken, config.UserAgent = token, userAgent
	return kubernetes.NewForConfig(config)
}
