package monitoring

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/schema"
)

const alertType = "gcp:monitoring/alertPolicy:AlertPolicy"

func alertPolicy() *api.Kind {
	return &api.Kind{
		Token: alertType, Title: "AlertPolicy", Noun: "alert_policy", Service: api.Monitoring,
		Fields: schema.Fields{
			"alertStrategy": schema.ObjectOf(schema.Fields{"autoClose": duration(1, checkAutoClose)}),
			"combiner":      schema.String(schema.Required, schema.OneOf("AND", "OR", "AND_WITH_MATCHING_RESOURCE")),
			"conditions":    schema.ListOf(condition(), schema.Required, schema.MinItems(1), schema.MaxItems(6)),
			"displayName":   schema.String(schema.Required),
			"documentation": schema.ObjectOf(schema.Fields{
				"content":  schema.String(),
				"mimeType": schema.String(schema.Default("text/markdown")),
				"subject":  schema.String(),
			}),
			"enabled":              schema.Bool(schema.Default(true)),
			"notificationChannels": schema.ListOf(schema.String()),
			"severity":             schema.String(schema.OneOf("CRITICAL", "ERROR", "WARNING")),
			"userLabels":           userLabels(),
		},
		Outputs: []string{"creationRecords", "name"},
		ID:      assigned("alertPolicies"),
		Check:   checkConditions,
		Admit:   admitAlertPolicy,
	}
}

func condition() *schema.Field {
	return schema.ObjectOf(schema.Fields{
		"displayName": schema.String(schema.Required),
		"conditionPrometheusQueryLanguage": schema.ObjectOf(schema.Fields{
			"alertRule": schema.String(), "ruleGroup": schema.String(),
			"duration":           duration(1),
			"evaluationInterval": duration(30),
			"labels":             schema.MapOf(schema.String()),
			"query":              schema.String(schema.Required, schema.CheckString(checkQuery)),
		}),
		"conditionThreshold": schema.ObjectOf(schema.Fields{
			"aggregations": schema.ListOf(schema.ObjectOf(schema.Fields{
				"alignmentPeriod":    duration(60),
				"crossSeriesReducer": schema.String(schema.Matches(regexp.MustCompile(`^REDUCE_[A-Z0-9_]+$`), "it is a reducer")),
				"groupByFields":      schema.ListOf(schema.String()),
				"perSeriesAligner":   schema.String(schema.Matches(regexp.MustCompile(`^ALIGN_[A-Z0-9_]+$`), "it is an aligner")),
			})),
			"comparison":     schema.String(schema.Required, schema.OneOf("COMPARISON_GT", "COMPARISON_LT")), // the API takes no other
			"duration":       duration(60, schema.Required),
			"filter":         schema.String(schema.Required, schema.CheckString(checkFilter)),
			"thresholdValue": schema.Number(),
			"trigger":        schema.ObjectOf(schema.Fields{"count": schema.Int(schema.Between(1, 1000))}),
		}),
		"name": schema.String(schema.Computed),
	})
}

func checkAutoClose(f *schema.Field) {
	schema.CheckString(func(s string) error {
		var n int
		if _, err := fmt.Sscanf(s, "%ds", &n); err == nil && (n < 1800 || n > 7*86400) {
			return fmt.Errorf("%q is not between 30 minutes and 7 days", s)
		}
		return nil
	})(f)
}

// checkConditions: a condition is of one kind, and one in PromQL is alone.
func checkConditions(in api.Object) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	conditions := in.Objs("conditions")
	for i, c := range conditions {
		query, threshold := c.Known("conditionPrometheusQueryLanguage"), c.Known("conditionThreshold")
		if query == threshold {
			failures = append(failures, api.Failure(fmt.Sprintf("conditions[%d]", i), "a condition is of exactly one kind"))
		}
		if query && len(conditions) > 1 {
			failures = append(failures, api.Failure("conditions", "a policy with a condition in PromQL has no other condition"))
		}
	}
	return failures
}

func admitAlertPolicy(t *api.Tx, r, _ *api.Record) error {
	for i, id := range r.Outputs.Strs("notificationChannels") {
		if !strings.HasPrefix(id, "projects/") {
			return invalid(fmt.Sprintf("alert_policy.notification_channels[%d]", i), id, "It must be the name of a notification channel.")
		}
		if t.Find(id) == nil {
			return &api.Error{Code: 404, Message: "The notification channel '" + id + "' does not exist.", Reason: "notFound"}
		}
	}
	for i, c := range r.Outputs.Objs("conditions") {
		if id := checkID.FindStringSubmatch(c.Str("conditionThreshold.filter")); id != nil &&
			t.Find(fmt.Sprintf("projects/%s/uptimeCheckConfigs/%s", r.Project, id[1])) == nil {
			return invalid(fmt.Sprintf("alert_policy.conditions[%d].condition_threshold.filter", i), id[1], "There is no such uptime check.")
		}
		c.Fill("name", fmt.Sprintf("%s/conditions/%s", r.ID, api.Digits(19)))
	}
	r.Outputs.Fill("name", r.ID)
	r.Outputs.Fill("creationRecords", []any{map[string]any{"mutateTime": r.Created.UTC().Format("2006-01-02T15:04:05Z")}})
	return checkLabels(r.Outputs)
}

var (
	checkID    = regexp.MustCompile(`metric\.labels?\.check_id\s*=\s*"([^"]*)"`)
	metricType = regexp.MustCompile(`metric\.type\s*=\s*"([a-z0-9_.]+/[A-Za-z0-9_/]+)"`)
	// term is one comparison of a filter.
	term = regexp.MustCompile(`^(metric|resource)\.(type|labels?\.[a-z_]+)\s*=\s*("[^"]*"|one_of\("[^"]*"(,"[^"]*")*\))$`)
)

// checkFilter checks a filter of https://cloud.google.com/monitoring/api/v3/filters, of which it knows comparisons with AND.
func checkFilter(filter string) error {
	if len(filter) > 2048 {
		return fmt.Errorf("the filter has %d characters, and 2048 are allowed", len(filter))
	}
	if len(metricType.FindAllString(filter, -1)) != 1 {
		return fmt.Errorf("the filter must specify one metric type: %s", filter)
	}
	for _, part := range strings.Split(filter, " AND ") {
		if !term.MatchString(strings.TrimSpace(part)) {
			return fmt.Errorf("the local cloud does not know this part of a filter: %s", part)
		}
	}
	return nil
}

// checkQuery checks what a missing parser of PromQL leaves: that brackets and quotes are closed. The queries of the program are
// parsed, and evaluated on real metrics, in tools/conformance.
func checkQuery(query string) error {
	if strings.TrimSpace(query) == "" {
		return fmt.Errorf("the query is empty")
	}
	var open []rune
	quoted := false
	for _, c := range query {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case strings.ContainsRune("({[", c):
			open = append(open, map[rune]rune{'(': ')', '{': '}', '[': ']'}[c])
		case strings.ContainsRune(")}]", c):
			if len(open) == 0 || open[len(open)-1] != c {
				return fmt.Errorf("parse error: unexpected %q: %s", c, query)
			}
			open = open[:len(open)-1]
		}
	}
	if quoted || len(open) > 0 {
		return fmt.Errorf("parse error: unclosed quote or bracket: %s", query)
	}
	return nil
}
