package kubernetes

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// applyOptions of a server-side apply. A dry run is strict about fields that the schema does not know.
type applyOptions struct {
	manager string
	force   bool
	dryRun  bool
}

// apply makes an object what the manifest says, creating it if it is not there: fields that the manager owned and that
// the manifest no longer has are removed. It returns the object as the API server has it.
func (o *operation) apply(
	ctx context.Context, e endpoint, manifest map[string]any, options applyOptions,
) (*unstructured.Unstructured, error) {
	manifest, err := applicable(manifest)
	if err != nil {
		return nil, err
	}
	name, _ := metadataField(manifest, "name")
	data, err := json.Marshal(manifest)
	if err != nil {
		return nil, fmt.Errorf("the object cannot be written as JSON: %w", err)
	}
	patch := metav1.PatchOptions{
		FieldManager: options.manager, Force: &options.force, FieldValidation: metav1.FieldValidationWarn,
	}
	if options.dryRun {
		patch.DryRun = []string{metav1.DryRunAll}
		patch.FieldValidation = metav1.FieldValidationStrict
	}
	var result *unstructured.Unstructured
	err = persist(ctx, func(ctx context.Context) (err error) {
		ctx, done := seenThrough(ctx)
		defer done()
		result, err = e.Patch(ctx, name, types.ApplyPatchType, data, patch)
		return err
	})
	if err != nil {
		return nil, explainConflict(err, options.manager)
	}
	return result, nil
}

// get reads an object as it is.
func (o *operation) get(ctx context.Context, e endpoint, name string) (*unstructured.Unstructured, error) {
	var result *unstructured.Unstructured
	err := persist(ctx, func(ctx context.Context) (err error) {
		result, err = e.Get(ctx, name, metav1.GetOptions{})
		return err
	})
	return result, err
}

// applicable is a manifest in the form in which fields can be owned: a Secret's stringData are written to data by the
// API server, and only there can they be removed again.
func applicable(manifest map[string]any) (map[string]any, error) {
	text, ok := manifest["stringData"].(map[string]any)
	if manifest["kind"] != "Secret" || manifest["apiVersion"] != "v1" || !ok {
		return manifest, nil
	}
	result := maps.Clone(manifest)
	delete(result, "stringData")
	data, _ := manifest["data"].(map[string]any)
	merged := make(map[string]any, len(data)+len(text))
	maps.Copy(merged, data)
	for key, value := range text {
		s, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("stringData.%s is no string", key)
		}
		merged[key] = base64.StdEncoding.EncodeToString([]byte(s))
	}
	result["data"] = merged
	return result, nil
}

// attempt is how long one request may go unanswered.
const attempt = 30 * time.Second

// persist makes a request, again if it fails for a reason that passes: an API server that restarts or sheds load, a
// connection that broke. The request must bear being made twice. The error it returns is as asUnreachable has it.
func persist(ctx context.Context, request func(context.Context) error) error {
	backoff := wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 6}
	var last error
	err := wait.ExponentialBackoffWithContext(ctx, backoff, func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, attempt)
		defer cancel()
		if last = request(ctx); last == nil {
			return true, nil
		}
		if !passes(last) {
			return false, last
		}
		return false, nil
	})
	if last != nil && (err == nil || wait.Interrupted(err)) {
		err = last
	}
	return asUnreachable(err)
}

// farewell is how long a change that is under way may go on when it is cancelled.
const farewell = 10 * time.Second

// seenThrough is the context of a request that changes something: a cancellation leaves it time to be answered. Cut off,
// it may have been done all the same, and an object that nobody knows of be left behind.
func seenThrough(ctx context.Context) (context.Context, func()) {
	through, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(farewell, cancel)
		context.AfterFunc(through, func() { timer.Stop() })
	})
	return through, func() { stop(); cancel() }
}

// passes says whether an error may go away by itself.
func passes(err error) bool {
	switch {
	case apierrors.IsConflict(err):
		// Somebody else wrote at the same moment; but a field that another manager owns remains his.
		return !apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict)
	case apierrors.IsTooManyRequests(err), apierrors.IsServerTimeout(err), apierrors.IsTimeout(err),
		apierrors.IsServiceUnavailable(err):
		return true
	}
	return utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) ||
		utilnet.IsHTTP2ConnectionLost(err)
}

// explainConflict says who owns the fields that an apply would change, and what to do.
func explainConflict(err error, manager string) error {
	var answer apierrors.APIStatus
	if !apierrors.IsConflict(err) || !errors.As(err, &answer) || answer.Status().Details == nil {
		return err
	}
	var owned []string
	for _, cause := range answer.Status().Details.Causes {
		if cause.Type == metav1.CauseTypeFieldManagerConflict {
			owned = append(owned, fmt.Sprintf("%s (%s)", strings.TrimPrefix(cause.Field, "."), cause.Message))
		}
	}
	if len(owned) == 0 {
		return err
	}
	return fmt.Errorf("server-side apply as field manager %q conflicts with other managers over %s. Leave those fields to "+
		"them (ignoreChanges, or remove them from the program), or take them over with the annotation %s: \"true\": %w",
		manager, strings.Join(owned, "; "), annotationPatchForce, err)
}

// fieldManager is the name by which an object's fields are owned: what the annotation says, what the state remembers, or
// a new one, so that two resources that apply the same object do not undo each other unseen.
func fieldManager(state resource.PropertyMap, manifest map[string]any) (string, error) {
	if name := annotation(manifest, annotationFieldManager); name != "" {
		return name, nil
	}
	if name := textOf(bare(state[fieldManagerKey])); name != "" {
		return name, nil
	}
	return resource.NewUniqueName(nil, "pulumi-kubernetes-", 8, 0, nil)
}

// asStatus gives an error the code by which the engine knows that it was understood, and that nothing is in between.
func asStatus(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	code := codes.FailedPrecondition
	switch {
	case isUnreachable(err):
		code = codes.Unavailable
	case errors.Is(err, context.Canceled):
		code = codes.Canceled
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		code = codes.InvalidArgument
	case apierrors.IsForbidden(err):
		code = codes.PermissionDenied
	case apierrors.IsConflict(err):
		code = codes.Aborted
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		code = codes.NotFound
	}
	return status.Error(code, err.Error())
}

// failure is asStatus with a text before it and without secrets.
func (o *operation) failure(err error, format string, a ...any) error {
	code := status.Code(asStatus(err))
	return status.Error(code, o.redact.clean(fmt.Sprintf("%s: %s", fmt.Sprintf(format, a...), err)))
}
