package kubelet

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"geo-wordpress/localcloud/machines/software"
)

const (
	pullTakes  = 3 * time.Second
	checkTakes = 300 * time.Millisecond // if the image's layers are present
)

// missingTag marks an image that does not exist. Every other tag is assumed to exist.
const missingTag = ":no-such-tag"

// imageID invents an image's digest.
func imageID(name string) string {
	return fmt.Sprintf("%s@sha256:%x", name, sha256.Sum256([]byte(name)))
}

// pulled pulls the container's image if need be, and says whether it is present.
func (ct *container) pulled(now time.Time) bool {
	if !ct.imageAt.IsZero() {
		return !now.Before(ct.imageAt)
	}
	p := ct.pod
	name := ct.spec.Image
	_, present := p.kubelet.images[name]
	if present && ct.spec.ImagePullPolicy != corev1.PullAlways {
		ct.event(corev1.EventTypeNormal, "Pulled", "Container image %q already present on machine", name)
		ct.imageAt = now
		return true
	}
	if !ct.pull.due(now) {
		if ct.reason == "ErrImagePull" && ct.pull.delay > 0 && now.Add(ct.pull.delay/2).After(ct.pull.next) {
			ct.reason, ct.message = "ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: %s", name, ct.message)
			ct.event(corev1.EventTypeNormal, "BackOff", "Back-off pulling image %q", name)
			ct.event(corev1.EventTypeWarning, "Failed", "Error: ImagePullBackOff")
		}
		return false
	}
	if err := p.kubelet.pullable(name, present, ct.spec.ImagePullPolicy); err != nil {
		if ct.pull.isNew(err) {
			ct.event(corev1.EventTypeNormal, "Pulling", "Pulling image %q", name)
			ct.event(corev1.EventTypeWarning, "Failed", "Failed to pull image %q: %v", name, err)
			ct.event(corev1.EventTypeWarning, "Failed", "Error: ErrImagePull")
		}
		ct.reason, ct.message = "ErrImagePull", err.Error()
		ct.pull.failed(now, p.pace(backoffFirst), p.pace(backoffLimit))
		return false
	}
	takes := p.pace(pullTakes)
	if present {
		takes = p.pace(checkTakes)
	}
	ct.reason, ct.message, ct.pull = ct.waitingReason(), "", backoff{}
	p.kubelet.images[name] = now.Add(takes)
	ct.imageAt = now.Add(takes)
	ct.event(corev1.EventTypeNormal, "Pulling", "Pulling image %q", name)
	ct.event(corev1.EventTypeNormal, "Pulled", "Successfully pulled image %q in %s (%s including waiting).",
		name, takes.Round(time.Millisecond), takes.Round(time.Millisecond))
	return false
}

// pullable returns nil, or the reason why an image cannot be pulled.
func (k *Kubelet) pullable(name string, present bool, policy corev1.PullPolicy) error {
	image, err := software.ParseImage(name)
	if err != nil {
		return fmt.Errorf("couldn't parse image name %q: %w", name, err)
	}
	if policy == corev1.PullNever && !present {
		return fmt.Errorf("container image %q is not present with pull policy of Never", name)
	}
	if strings.HasSuffix(image.Reference, missingTag) {
		return fmt.Errorf("failed to pull and unpack image %q: failed to resolve reference %q: %s: not found",
			image.Reference, image.Reference, image.Reference)
	}
	if image.Google() || k.Network.Internet(k.Client.Info.ID) {
		return nil
	}
	host := image.Registry
	if host == "docker.io" {
		host = "registry-1.docker.io"
	}
	return fmt.Errorf("failed to pull and unpack image %q: failed to resolve reference %q: failed to do request: Head \"https://%s/v2/\": dial tcp: i/o timeout (private nodes reach the Internet by a Cloud NAT only)",
		image.Reference, image.Reference, host)
}
