package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
)

// awaitError says that an object exists but has not become what is waited for, and why.
type awaitError struct {
	object  *unstructured.Unstructured // as last seen
	summary string
	reasons []string
}

func (e *awaitError) Error() string {
	return strings.Join(append([]string{e.summary}, e.reasons...), "\n")
}

// refresh is how often the line of progress is brought up to date while nothing changes, and how often the state of
// Pods is looked into for it.
const refresh = 5 * time.Second

// await waits until an object that was just applied is ready, and returns it as it is then. The error is an
// *awaitError when it fails, does not get there in time, or the wait is cancelled.
func (o *operation) await(
	ctx context.Context, e endpoint, object *unstructured.Unstructured, g gate, timeout time.Duration,
) (*unstructured.Unstructured, error) {
	following, stop := context.WithCancel(ctx)
	defer stop()
	sightings, stirred := o.observe(following, e, object, g)

	started := time.Now()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	defer o.progress(ctx, "")

	current, detail := object, ""
	for {
		state, err := g.judge(ctx, o.cluster, current)
		switch {
		case ctx.Err() != nil:
		case err != nil && isUnreachable(err):
			state.message = err.Error() // It may come back before the time is up.
		case err != nil:
			return nil, &awaitError{object: current, summary: err.Error()}
		case state.ready:
			return current, nil
		case state.failed:
			return nil, o.awaitFailure(ctx, current, "failed: "+state.message)
		}
		o.progress(ctx, progressLine(current, state.message, detail, time.Since(started)))

		select {
		case <-ctx.Done():
			return nil, o.awaitFailure(ctx, current, "was waited for, but the wait was cancelled: "+state.message)
		case <-deadline.C:
			return nil, o.awaitFailure(ctx, current, fmt.Sprintf("did not become ready within %s: %s", timeout, state.message))
		case s := <-sightings:
			switch {
			case s.trouble != nil:
				detail = s.trouble.Error()
			case s.object == nil || s.object.GetUID() != object.GetUID():
				return nil, &awaitError{object: current, summary: describe(current) + " was deleted while it was waited for"}
			default:
				current = s.object
			}
		case <-stirred:
		case <-tick.C:
			detail = first(o.explainPods(ctx, current))
		}
	}
}

// observe follows the object, and those on which its readiness depends.
func (o *operation) observe(
	ctx context.Context, e endpoint, object *unstructured.Unstructured, g gate,
) (<-chan sighting, <-chan struct{}) {
	sightings, stirred := make(chan sighting), make(chan struct{}, 1)
	go follow(ctx, e, byName(object.GetName()), func(s sighting) {
		select {
		case sightings <- s:
		case <-ctx.Done():
		}
	})
	if g.related != nil {
		if others, err := o.cluster.endpoint(g.related.gvk, object.GetNamespace()); err == nil {
			selection := metav1.ListOptions{LabelSelector: g.related.selector(object).String()}
			go follow(ctx, others, selection, func(sighting) {
				select {
				case stirred <- struct{}{}:
				default: // One is to be heard already.
				}
			})
		}
	}
	return sightings, stirred
}

// awaitFailure accounts for a wait that ended badly. The context may have ended, too.
func (o *operation) awaitFailure(ctx context.Context, object *unstructured.Unstructured, how string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return &awaitError{object: object, summary: describe(object) + " " + how, reasons: o.explain(ctx, object)}
}

// awaitGone waits until an object that was just deleted is no more. The error is an *awaitError when it stays.
func (o *operation) awaitGone(
	ctx context.Context, e endpoint, object *unstructured.Unstructured, timeout time.Duration,
) error {
	following, stop := context.WithCancel(ctx)
	defer stop()
	sightings, _ := o.observe(following, e, object, gate{})

	started := time.Now()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	defer o.progress(ctx, "")
	current, trouble := object, ""
	for {
		remains := strings.Join(explainRemains(current), "; ")
		o.progress(ctx, progressLine(current, "it is being deleted", first([]string{trouble, remains}), time.Since(started)))
		select {
		case <-ctx.Done():
			return &awaitError{
				object:  current,
				summary: describe(current) + " is being deleted; the wait for that was cancelled",
				reasons: explainRemains(current),
			}
		case <-deadline.C:
			return &awaitError{
				object:  current,
				summary: fmt.Sprintf("%s was to be deleted, but is still there after %s", describe(current), timeout),
				reasons: explainRemains(current),
			}
		case s := <-sightings:
			switch {
			case s.trouble != nil:
				trouble = s.trouble.Error()
			case s.object == nil || s.object.GetUID() != object.GetUID():
				return nil // Gone; another may have taken the name.
			default:
				current, trouble = s.object, ""
			}
		case <-tick.C:
		}
	}
}

func byName(name string) metav1.ListOptions {
	return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String()}
}

// progressLine is what the engine's status column shows of a wait.
func progressLine(object *unstructured.Unstructured, message, detail string, elapsed time.Duration) string {
	line := fmt.Sprintf("Waiting for %s: %s", describe(object), message)
	if detail != "" {
		line += "; " + detail
	}
	// To the accuracy to which the line is refreshed: each further change would be one more message.
	if seconds := elapsed.Truncate(refresh); seconds > 0 {
		line += fmt.Sprintf(" (%s)", seconds)
	}
	return line
}

// first is the first of the texts that says something.
func first(texts []string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
