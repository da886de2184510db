package declared

import (
	"encoding/json"
	"fmt"
	"regexp"

	"geo-wordpress/stack/stacktest"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Scrape is what a region's collectors collect of an application's pods.
type Scrape struct {
	App    string // also the label job
	Port   int
	Path   string
	Keep   *regexp.Regexp // of metrics' names
	Target map[string]string
	// ServerName is the name that the server's certificate must have, if it is called by TLS in both directions.
	ServerName string
}

// Scrapes returns what is collected in a region, with the labels that GKE adds to each series.
func (s *Stack) Scrapes(region string) (all []Scrape, err error) {
	names := map[string]string{} // of clusters
	var regions []string
	for _, r := range s.Regions {
		regions = append(regions, r.Name)
	}
	for _, r := range s.graph.Of(stacktest.ClusterType) {
		names[s.graph.Region(r, regions)] = r.Output("name")
	}
	for _, r := range s.graph.Where(func(r *stacktest.Resource) bool { return r.Kind() == "PodMonitoring" }) {
		if s.graph.Region(r, regions) != region {
			continue
		}
		var object struct {
			Metadata struct{ Name string }
			Spec     struct {
				Selector  struct{ MatchLabels map[string]string }
				Endpoints []struct {
					Port             int
					Path             string
					Scheme           string
					TLS              struct{ ServerName string }
					MetricRelabeling []struct{ Action, Regex string }
				}
			}
		}
		text, err := json.Marshal(plain(resource.NewProperty(r.Outputs)))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &object); err != nil {
			return nil, err
		}
		endpoint := object.Spec.Endpoints[0]
		if (endpoint.Scheme == "https") != (endpoint.TLS.ServerName != "") || len(object.Spec.Endpoints) != 1 || len(endpoint.MetricRelabeling) != 1 || endpoint.MetricRelabeling[0].Action != "keep" {
			return nil, fmt.Errorf("%s is of a form that the test does not know", r)
		}
		keep, err := regexp.Compile(endpoint.MetricRelabeling[0].Regex)
		if err != nil {
			return nil, err
		}
		all = append(all, Scrape{
			App: object.Spec.Selector.MatchLabels["app.kubernetes.io/name"], Port: endpoint.Port, Path: endpoint.Path, Keep: keep,
			Target:     map[string]string{"cluster": names[region], "job": object.Metadata.Name},
			ServerName: endpoint.TLS.ServerName,
		})
	}
	return all, nil
}

// Alerts returns the queries in PromQL of the alerts, by name.
func (s *Stack) Alerts() map[string]string {
	all := map[string]string{}
	for _, r := range s.graph.Of("gcp:monitoring/alertPolicy:AlertPolicy") {
		if query, ok := r.At("conditions.0.conditionPrometheusQueryLanguage.query").(string); ok {
			all[r.Name] = query
		}
	}
	return all
}

// Charts returns the queries in PromQL of the dashboards, by title.
func (s *Stack) Charts() (map[string]string, error) {
	all := map[string]string{}
	for _, r := range s.graph.Of("gcp:monitoring/dashboard:Dashboard") {
		tiles, err := r.Tiles()
		if err != nil {
			return nil, err
		}
		for _, tile := range tiles {
			all[tile.Widget.Title] = tile.Widget.XYChart.DataSets[0].TimeSeriesQuery.PrometheusQuery
		}
	}
	return all, nil
}
