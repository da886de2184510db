package kubernetes

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
)

// sighting is what a watch shows at one time: an object, or that the one looked for is not there.
type sighting struct {
	object *unstructured.Unstructured // nil when gone
	// trouble is set instead when the API server cannot be watched at present.
	trouble error
}

// follow reports the objects that a selection matches, first as they are and then each change, until the context ends.
// Lost connections and expired watches are made up for by looking anew; when the selection matches nothing then, it
// reports that.
func follow(ctx context.Context, e endpoint, selection metav1.ListOptions, report func(sighting)) {
	backoff := wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 6, Cap: 5 * time.Second}
	pause := backoff
	for ctx.Err() == nil {
		list, err := e.List(ctx, selection)
		if err != nil {
			if ctx.Err() == nil {
				report(sighting{trouble: asUnreachable(err)})
			}
			sleep(ctx, pause.Step())
			continue
		}
		if len(list.Items) == 0 {
			report(sighting{})
		}
		for i := range list.Items {
			report(sighting{object: &list.Items[i]})
		}
		from := selection
		from.ResourceVersion = list.GetResourceVersion()
		w, err := e.Watch(ctx, from)
		if err != nil {
			sleep(ctx, pause.Step())
			continue
		}
		pause = backoff
		relay(w, report)
		w.Stop()
		sleep(ctx, backoff.Duration) // A server that ends every watch at once is not to be asked without end.
	}
}

func relay(w watch.Interface, report func(sighting)) {
	for event := range w.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		switch {
		case event.Type == watch.Bookmark:
		case !ok, event.Type == watch.Error:
			return
		case event.Type == watch.Deleted:
			report(sighting{})
		default:
			report(sighting{object: object})
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
