package gcp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Google refuses these when the request arrives, not before.
func TestMonitoringIsChecked(t *testing.T) {
	s := build(t, "address")
	for _, c := range []struct {
		of   string
		set  props
		want string
	}{
		{"channel", props{"labels": props{"email_address": "nobody"}}, "Invalid email address"},
		{"channel", props{"labels": props{"address": "operator@example.com"}}, "not in the descriptor"},
		{"channel", props{"userLabels": props{"Stack": "dev"}}, "lower-case letter"},
		{"uptime", props{"selectedRegions": []any{"EUROPE", "ASIA_PACIFIC"}}, "At least 3 checker locations"},
		{"uptime", props{"selectedRegions": []any{"AFRICA"}}, "Unknown region"},
		{"uptime", props{"monitoredResource": props{"type": "uptime_url", "labels": props{"host": "192.0.2.80"}}}, "needs the label"},
		{"uptime", props{"monitoredResource": props{"type": "uptime_url", "labels": props{"host": "192.0.2.80", "project_id": "other"}}}, "another project"},
		{"alert", props{"notificationChannels": []any{"projects/geo-project/notificationChannels/1"}}, "does not exist"},
		{"alert", props{"notificationChannels": []any{"operator@example.com"}}, "must be the name of a notification channel"},
	} {
		_, _, err := s.createChecked(stepNamed(c.of).token, "another", s.with(c.of, c.set), false)
		require.ErrorContains(t, err, c.want, "%s %v", c.of, c.set)
	}
}

// The provider checks these before it sends a request.
func TestMonitoringIsCheckedBefore(t *testing.T) {
	s := build(t, "address")
	promQL := func(query string) []any {
		return []any{props{"displayName": "x", "conditionPrometheusQueryLanguage": props{"query": query}}}
	}
	threshold := func(filter, comparison, duration string) []any {
		return []any{props{"displayName": "x", "conditionThreshold": props{"filter": filter, "comparison": comparison, "duration": duration}}}
	}
	const filter = `metric.type="kubernetes.io/pod/volume/utilization"`
	for _, c := range []struct {
		of, property string
		value        any
		want         string
	}{
		{"alert", "conditions", append(promQL("up"), threshold(filter, "COMPARISON_GT", "60s")...), "no other condition"},
		{"alert", "conditions", promQL(`sum(up{job="pd")`), "parse error"},
		{"alert", "conditions", promQL(""), "the query is empty"},
		{"alert", "conditions", []any{props{"displayName": "x"}}, "of exactly one kind"},
		{"alert", "conditions", []any{}, "fewer than the 1 needed"},
		{"alert", "conditions", threshold(filter, "COMPARISON_GE", "60s"), "COMPARISON_GT"},
		{"alert", "conditions", threshold(filter, "COMPARISON_GT", "90s"), "not a multiple of 60 seconds"},
		{"alert", "conditions", threshold(`resource.type="k8s_pod"`, "COMPARISON_GT", "60s"), "must specify one metric type"},
		{"alert", "conditions", threshold(filter+` OR resource.type="x"`, "COMPARISON_GT", "60s"), "does not know this part"},
		{"alert", "alertStrategy", props{"autoClose": "60s"}, "30 minutes and 7 days"},
		{"alert", "severity", "URGENT", "CRITICAL"},
		{"channel", "type", "pager", "knows only email"},
		{"uptime", "period", "30s", "60s, 300s"},
		{"uptime", "timeout", "90s", "1s to 60s"},
		{"dashboard", "dashboardJson", `{`, "not JSON"},
		{"dashboard", "dashboardJson", `{"displayName":"x","gridLayout":{}}`, "mosaicLayout only"},
		{"dashboard", "dashboardJson", strings.Replace(s.inputs["dashboard"]["dashboardJson"].StringValue(), `"width":24`, `"width":49`, 1), "not on the grid"},
	} {
		in := s.with(c.of, props{c.property: c.value})
		_, failures := s.check(stepNamed(c.of).token, c.of, nil, in)
		assert.Contains(t, strings.Join(failures, "\n"), c.want, "%s %s %v", c.of, c.property, c.value)
	}
}

// What an alert uses stays, and a dashboard's answer plans no change.
func TestMonitoringStaysWhileItIsUsed(t *testing.T) {
	s := build(t, "address")
	require.ErrorContains(t, s.delete(channelType, "channel", s.ids["channel"]), "it is referenced by alert policy")
	require.ErrorContains(t, s.delete(uptimeType, "uptime", s.ids["uptime"]), "alerting policies is using it")
	for _, alert := range []string{"alert", "uptime-alert"} {
		require.NoError(t, s.delete(alertType, alert, s.ids[alert]))
	}
	require.NoError(t, s.delete(channelType, "channel", s.ids["channel"]))
	require.NoError(t, s.delete(uptimeType, "uptime", s.ids["uptime"]))
	assert.Contains(t, s.out("dashboard", "dashboardJson"), `"etag"`)
	d := s.diff(dashboardType, "dashboard", s.ids["dashboard"], s.inputs["dashboard"], s.inputs["dashboard"], s.outputs["dashboard"])
	assert.Empty(t, d.DetailedDiff)
}
