package monitoring

import (
	"regexp"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const uptimeType = "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"

// locations of the regions from which Google checks (https://cloud.google.com/monitoring/uptime-checks). A check needs three.
var locations = map[string]int{
	"USA": 3, "USA_OREGON": 1, "USA_IOWA": 1, "USA_VIRGINIA": 1, "EUROPE": 1, "SOUTH_AMERICA": 1, "ASIA_PACIFIC": 1,
}

func uptimeCheckConfig() *api.Kind {
	return &api.Kind{
		Token: uptimeType, Title: "UptimeCheckConfig", Noun: "uptime_check_config", Service: api.Monitoring,
		Fields: schema.Fields{
			"checkerType": schema.String(schema.Computed, schema.ForceNew, schema.Only("STATIC_IP_CHECKERS", "the VPC has none")),
			"displayName": schema.String(schema.Required),
			"httpCheck": schema.ObjectOf(schema.Fields{
				"path": schema.String(schema.Default("/"), schema.Same(func(old, new string) bool {
					return "/"+strings.TrimPrefix(old, "/") == "/"+strings.TrimPrefix(new, "/")
				})),
				"port":          schema.Int(schema.Computed, schema.Between(1, 65535)),
				"requestMethod": schema.String(schema.Default("GET"), schema.ForceNew, schema.OneOf("GET", "POST")),
				"useSsl":        schema.Bool(),
				"validateSsl":   schema.Bool(),
			}, schema.Required),
			"monitoredResource": schema.ObjectOf(schema.Fields{
				"labels": schema.MapOf(schema.String(schema.ForceNew), schema.Required, schema.ForceNew),
				"type":   schema.String(schema.Required, schema.ForceNew, schema.Only("uptime_url", "there is nothing else to check")),
			}, schema.Required, schema.ForceNew),
			"period":          schema.String(schema.Default("300s"), schema.OneOf("60s", "300s", "600s", "900s")),
			"selectedRegions": schema.ListOf(schema.String()),
			"timeout": schema.String(schema.Required, schema.Matches(regexp.MustCompile(`^([1-9]|[1-5][0-9]|60)s$`),
				"a timeout is 1s to 60s")),
			"userLabels": userLabels(),
		},
		Outputs: []string{"name", "uptimeCheckId"},
		ID:      assigned("uptimeCheckConfigs"),
		Admit:   admitUptimeCheck,
		Guard: func(t *api.Tx, r *api.Record) error {
			for _, policy := range t.All(alertType) {
				for _, condition := range policy.Outputs.Objs("conditions") {
					if strings.Contains(condition.Str("conditionThreshold.filter"), `"`+api.LastSegment(r.ID)+`"`) {
						return api.BadRequest("Cannot delete check %s. One or more alerting policies is using it. Delete the alerting "+
							"policy first.", api.LastSegment(r.ID))
					}
				}
			}
			return nil
		},
	}
}

func admitUptimeCheck(_ *api.Tx, r, _ *api.Record) error {
	o := r.Outputs
	if regions := o.Strs("selectedRegions"); len(regions) > 0 {
		count := 0
		for _, region := range regions {
			n, ok := locations[region]
			if !ok {
				return invalid("uptime_check_config.selected_regions", region, "Unknown region.")
			}
			count += n
		}
		if count < 3 {
			return invalid("uptime_check_config.selected_regions", strings.Join(regions, ","),
				"At least 3 checker locations are needed.")
		}
	}
	labels, _ := o["monitoredResource"].(map[string]any)["labels"].(map[string]any)
	for _, name := range []string{"host", "project_id"} {
		if text, _ := labels[name].(string); text == "" {
			return invalid("uptime_check_config.monitored_resource.labels", name, "uptime_url needs the label.")
		}
	}
	if labels["project_id"] != r.Project {
		return invalid("uptime_check_config.monitored_resource.labels['project_id']", labels["project_id"].(string), "It is another project.")
	}
	port := 80
	if o.Flag("httpCheck.useSsl") {
		port = 443
	}
	o.Fill("httpCheck.port", float64(port))
	o.Fill("checkerType", "STATIC_IP_CHECKERS")
	o.Fill("name", r.ID)
	o.Fill("uptimeCheckId", api.LastSegment(r.ID))
	return checkLabels(o)
}
