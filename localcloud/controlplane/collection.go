package controlplane

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// podMonitorings is the definition of PodMonitoring, which a cluster has with managed collection: the part of it that the local
// cloud knows. A property that it does not know is refused, where GKE would take or drop it.
//
//go:embed podmonitoring.json
var podMonitorings []byte

const (
	definitions   = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	podMonitoring = definitions + "/podmonitorings.monitoring.googleapis.com"
)

// collect installs what managed collection adds to a cluster's API. Nothing collects. GKE installs it after the control plane
// answers, and so does this: an object that comes before it is of an unknown kind. It stays if managed collection is turned off.
func (p *plane) collect(ctx context.Context) error {
	client, err := p.client()
	if err != nil {
		return err
	}
	err = client.RESTClient().Post().AbsPath(definitions).Body(podMonitorings).Do(ctx).Error()
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("managed collection of %s: %w", p.settings.Cluster.ID, err)
	}
	return p.wait(ctx, "definition of PodMonitoring", func(ctx context.Context) error {
		raw, err := client.RESTClient().Get().AbsPath(podMonitoring).Do(ctx).Raw()
		if err != nil {
			return err
		}
		var definition struct {
			Status struct {
				Conditions []struct{ Type, Status, Message string }
			}
		}
		if err := json.Unmarshal(raw, &definition); err != nil {
			return err
		}
		for _, condition := range definition.Status.Conditions {
			if condition.Type == "Established" && condition.Status == "True" {
				return nil
			}
		}
		return fmt.Errorf("it is not established: %+v", definition.Status.Conditions)
	})
}
