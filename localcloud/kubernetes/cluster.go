package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	clientset "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// cluster is the way to one API server.
type cluster struct {
	dynamic dynamic.Interface
	typed   clientset.Interface // for what is read to explain a wait
	mapper  *restmapper.DeferredDiscoveryRESTMapper

	mutex  sync.Mutex
	forgot time.Time // when the mapper last forgot what it knew
}

func newCluster(config *rest.Config, warnings rest.WarningHandlerWithContext) (*cluster, error) {
	config = rest.CopyConfig(config)
	config.WarningHandlerWithContext = warnings
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig cannot be used: %w", err)
	}
	dynamicClient, err := dynamic.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig cannot be used: %w", err)
	}
	typed, err := clientset.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig cannot be used: %w", err)
	}
	return &cluster{
		dynamic: dynamicClient,
		typed:   typed,
		mapper:  restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(typed.Discovery())),
	}, nil
}

// endpoint is where the objects of one kind live, in one namespace if they have one.
type endpoint struct {
	dynamic.ResourceInterface
	gvk        schema.GroupVersionKind
	namespaced bool
}

// endpoint looks a kind up. The error is a *meta.NoKindMatchError when the API server does not serve it, and an
// *unreachableError when it does not answer.
func (c *cluster) endpoint(gvk schema.GroupVersionKind, namespace string) (endpoint, error) {
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) && c.forget() {
		mapping, err = c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	if err != nil {
		return endpoint{}, asUnreachable(err)
	}
	e := endpoint{gvk: gvk, namespaced: mapping.Scope.Name() == meta.RESTScopeNameNamespace}
	if e.namespaced {
		e.ResourceInterface = c.dynamic.Resource(mapping.Resource).Namespace(namespace)
	} else {
		e.ResourceInterface = c.dynamic.Resource(mapping.Resource)
	}
	return e, nil
}

// forget has the kinds that are served looked up anew, but not more than once a second: a kind that was just defined
// appears in discovery a while later, and one that was not there is asked for again and again.
func (c *cluster) forget() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if time.Since(c.forgot) < time.Second {
		return false
	}
	c.forgot = time.Now()
	c.mapper.Reset()
	return true
}

// unreachableError is the failure to get an answer that an API server gives to those it lets in.
type unreachableError struct {
	cause error
	// denied: there was an answer, "unauthorized". Then nothing may be concluded about the objects.
	denied bool
}

func (e *unreachableError) Error() string {
	return fmt.Sprintf("configured Kubernetes cluster is unreachable: %s", e.cause)
}

func (e *unreachableError) Unwrap() error { return e.cause }

// asUnreachable wraps an error in an *unreachableError if that is what it is.
func asUnreachable(err error) error {
	var status apierrors.APIStatus
	var already *unreachableError
	switch {
	case err == nil, errors.As(err, &already), meta.IsNoMatchError(err),
		errors.Is(err, context.Canceled):
		return err
	case apierrors.IsUnauthorized(err):
		return &unreachableError{cause: err, denied: true}
	case errors.As(err, &status):
		return err
	}
	return &unreachableError{cause: err}
}

func isUnreachable(err error) bool {
	var unreachable *unreachableError
	return errors.As(err, &unreachable)
}

// isGone says whether an error means that there is no API server at all to ask, so that deleteUnreachable applies.
func isGone(err error) bool {
	var unreachable *unreachableError
	return errors.As(err, &unreachable) && !unreachable.denied
}
