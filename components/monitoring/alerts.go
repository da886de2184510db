package monitoring

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/monitoring"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// certificateDays is the least time that the certificate must have left. Google renews its own a month before.
	certificateDays = 14
	// failedLocations of the uptime check make an alert: one may have a trouble of its own.
	failedLocations = 2
)

// alerts declares the alerts. Google evaluates them outside the clusters.
func (m *Monitoring) alerts(ctx *pulumi.Context) error {
	for _, alert := range []func(*pulumi.Context) error{m.siteAlert, m.certificateAlert, m.diskAlert} {
		if err := alert(ctx); err != nil {
			return err
		}
	}
	standing := m.standing()
	until := m.args.CertificatesUntil
	for i, r := range rules(m.args.Config, scope{standing, regionNames(standing), until}) {
		query := m.names.ApplyT(func(names []string) string {
			return rules(m.args.Config, scope{standing, names, until})[i].query
		}).(pulumi.StringOutput)
		err := m.alert(ctx, r.name, r.title, r.severity, r.means, &monitoring.AlertPolicyConditionArgs{
			DisplayName: pulumi.String(r.title),
			ConditionPrometheusQueryLanguage: &monitoring.AlertPolicyConditionConditionPrometheusQueryLanguageArgs{
				Query:              query,
				Duration:           pulumi.String(fmt.Sprintf("%ds", int(r.hold.Seconds()))),
				EvaluationInterval: pulumi.String("60s"),
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// standing are the regions whose clusters are watched.
func (m *Monitoring) standing() (all []regions.Region) {
	for _, c := range m.args.Clusters {
		all = append(all, c.Region)
	}
	return all
}

func regionNames(all []regions.Region) (names []string) {
	for _, region := range all {
		names = append(names, region.Name)
	}
	return names
}

// alert declares one alert of one condition. Google accepts no second one beside a query in PromQL. Every alert comes last: in a
// first update, or a restore, the site does not answer before.
func (m *Monitoring) alert(ctx *pulumi.Context, name, title, severity, means string, condition *monitoring.AlertPolicyConditionArgs) error {
	_, err := monitoring.NewAlertPolicy(ctx, m.name+"-"+name, &monitoring.AlertPolicyArgs{
		DisplayName:          m.title(title),
		Combiner:             pulumi.String("OR"),
		Conditions:           monitoring.AlertPolicyConditionArray{condition},
		NotificationChannels: pulumi.StringArray{m.channel.Name},
		Severity:             pulumi.String(severity),
		Documentation: &monitoring.AlertPolicyDocumentationArgs{
			Content:  pulumi.String(means + "\n\nMore: docs/monitoring.md, \"" + name + "\"."),
			MimeType: pulumi.String("text/markdown"),
		},
		// An incident whose series ends, such as that of a deleted pod, closes by itself.
		AlertStrategy: &monitoring.AlertPolicyAlertStrategyArgs{AutoClose: pulumi.String("86400s")},
		UserLabels:    m.labels(),
	}, pulumi.Parent(m), pulumi.DependsOn(m.args.After))
	return err
}

// siteAlert reports that visitors get no page.
func (m *Monitoring) siteAlert(ctx *pulumi.Context) error {
	return m.alert(ctx, "site", "the site does not answer", critical,
		"From two places or more the front page does not load. First look: load it yourself; then the alerts of the regions, and "+
			"`pulumi stack output site_url`.",
		threshold("the uptime check fails", "COMPARISON_GT", failedLocations-1, 2*time.Minute,
			m.uptimeFilter("check_passed"),
			&monitoring.AlertPolicyConditionConditionThresholdAggregationArgs{
				AlignmentPeriod:    pulumi.String("120s"),
				PerSeriesAligner:   pulumi.String("ALIGN_NEXT_OLDER"),
				CrossSeriesReducer: pulumi.String("REDUCE_COUNT_FALSE"),
				GroupByFields:      pulumi.ToStringArray([]string{"resource.label.host"}),
			}))
}

// certificateAlert reports that the certificate is not renewed.
func (m *Monitoring) certificateAlert(ctx *pulumi.Context) error {
	if m.args.Home == "" {
		return nil
	}
	return m.alert(ctx, "certificate", "the certificate is not renewed", critical,
		fmt.Sprintf("The site's certificate ends in less than %d days. Google renews it by itself, as long as each name has its CNAME "+
			"`_acme-challenge.NAME`. First look: `pulumi stack output dns_records`, and whether those records exist.", certificateDays),
		threshold("the certificate ends soon", "COMPARISON_LT", certificateDays, 10*time.Minute,
			m.uptimeFilter("time_until_ssl_cert_expires"),
			&monitoring.AlertPolicyConditionConditionThresholdAggregationArgs{
				AlignmentPeriod:    pulumi.String("1200s"),
				PerSeriesAligner:   pulumi.String("ALIGN_NEXT_OLDER"),
				CrossSeriesReducer: pulumi.String("REDUCE_MEAN"),
				GroupByFields:      pulumi.ToStringArray([]string{"resource.label.host"}),
			}))
}

// uptimeFilter selects a metric of the stack's uptime check.
func (m *Monitoring) uptimeFilter(metric string) pulumi.StringOutput {
	return pulumi.Sprintf(`metric.type="monitoring.googleapis.com/uptime_check/%s" AND metric.label.check_id="%s" AND `+
		`resource.type="uptime_url"`, metric, m.uptime.UptimeCheckId)
}

// diskVolumes are the names, in their pods, of the volumes on the regions' disks: PD's and TiKV's, and the files'.
var diskVolumes = []string{"data", "files"}

// diskAlert reports a disk that fills up. The kubelets measure it, and Google collects that from every cluster.
func (m *Monitoring) diskAlert(ctx *pulumi.Context) error {
	percent := m.args.Config.Monitoring.DiskPercent
	filter := m.names.ApplyT(func(names []string) string {
		return fmt.Sprintf(`metric.type="kubernetes.io/pod/volume/utilization" AND resource.type="k8s_pod" AND `+
			`resource.label.cluster_name=one_of(%s) AND metric.label.volume_name=one_of(%s)`, quotedList(names), quotedList(diskVolumes))
	}).(pulumi.StringOutput)
	return m.alert(ctx, "disk", "a disk fills up", critical,
		fmt.Sprintf("More than %d %% of a disk of PD, TiKV or the files is used. A full TiKV refuses writes, and full files stop uploads. "+
			"Enlarge it: set pdDiskGiB, tikvDiskGiB or filesDiskGiB and run `pulumi up`; nothing restarts.", percent),
		threshold("a disk is used", "COMPARISON_GT", float64(percent)/100, 5*time.Minute, filter,
			&monitoring.AlertPolicyConditionConditionThresholdAggregationArgs{
				AlignmentPeriod:    pulumi.String("300s"),
				PerSeriesAligner:   pulumi.String("ALIGN_MEAN"),
				CrossSeriesReducer: pulumi.String("REDUCE_MAX"),
				GroupByFields: pulumi.ToStringArray([]string{
					"resource.label.location", "resource.label.pod_name", "metric.label.volume_name",
				}),
			}))
}

// threshold compares one of Google's own metrics with a value.
func threshold(title, comparison string, value float64, hold time.Duration, filter pulumi.StringInput,
	aggregation *monitoring.AlertPolicyConditionConditionThresholdAggregationArgs,
) *monitoring.AlertPolicyConditionArgs {
	return &monitoring.AlertPolicyConditionArgs{
		DisplayName: pulumi.String(title),
		ConditionThreshold: &monitoring.AlertPolicyConditionConditionThresholdArgs{
			Filter:         filter.ToStringOutput().ToStringPtrOutput(),
			Comparison:     pulumi.String(comparison),
			ThresholdValue: pulumi.Float64(value),
			Duration:       pulumi.String(fmt.Sprintf("%ds", int(hold.Seconds()))),
			Aggregations:   monitoring.AlertPolicyConditionConditionThresholdAggregationArray{aggregation},
			Trigger:        &monitoring.AlertPolicyConditionConditionThresholdTriggerArgs{Count: pulumi.Int(1)},
		},
	}
}

func quotedList(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf("%q", name))
	}
	return strings.Join(all, ",")
}

var unlabelled = regexp.MustCompile(`[^a-z0-9_-]+`)

// label makes a user label of a text: at most 63 lower-case letters, digits, underscores and dashes.
func label(text string) string {
	text = unlabelled.ReplaceAllString(strings.ToLower(text), "-")
	return text[:min(len(text), 63)]
}
