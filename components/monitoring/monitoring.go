// Package monitoring watches the system from outside and from inside, and calls for help: it declares an uptime check, alerts
// to an e-mail address, a dashboard, and what GKE's managed collection of metrics collects in each region.
// docs/monitoring.md describes each alert.
package monitoring

import (
	"time"

	"geo-wordpress/components/cluster"
	"geo-wordpress/components/project"
	"geo-wordpress/config"
	"geo-wordpress/regions"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/monitoring"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args configure the monitoring. Config.Monitoring must be set.
type Args struct {
	Config  *config.Config
	Project *project.Project
	// Clusters are those of the regions that stand, in the configuration's order.
	Clusters []Cluster
	// Address is the site's IP address, Home the name in its URL; empty for a site at its address.
	Address pulumi.StringOutput
	Home    string
	// CertificatesUntil is when the first of the database's certificates expires.
	CertificatesUntil time.Time
	// After is what the alerts depend on: the site, and whatever has metrics.
	After []pulumi.Resource
}

// Cluster is a region's cluster.
type Cluster struct {
	Region  regions.Region
	Cluster *cluster.Cluster
}

// Monitoring is what watches the system.
type Monitoring struct {
	pulumi.ResourceState

	args    Args
	name    string
	stack   string
	names   pulumi.StringArrayOutput // of the clusters
	channel *monitoring.NotificationChannel
	uptime  *monitoring.UptimeCheckConfig
}

// New declares the uptime check, the alerts and the dashboard.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Monitoring, error) {
	m := &Monitoring{args: args, name: name, stack: ctx.Stack()}
	if err := ctx.RegisterComponentResource("geo-wordpress:monitoring:Monitoring", name, m, opts...); err != nil {
		return nil, err
	}
	var names pulumi.StringArray
	for _, c := range args.Clusters {
		names = append(names, c.Cluster.Name)
	}
	m.names = names.ToStringArrayOutput()
	for _, step := range []func(*pulumi.Context) error{m.notification, m.uptimeCheck, m.alerts, m.dashboard} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return m, ctx.RegisterResourceOutputs(m, pulumi.Map{})
}

// labels tell the stacks of a project apart.
func (m *Monitoring) labels() pulumi.StringMap {
	return pulumi.StringMap{"app": pulumi.String("geo-wordpress"), "stack": pulumi.String(label(m.stack))}
}

// title names what people see, in a project that may have several stacks.
func (m *Monitoring) title(text string) pulumi.String {
	return pulumi.String("geo-wordpress " + m.stack + ": " + text)
}

func (m *Monitoring) notification(ctx *pulumi.Context) (err error) {
	m.channel, err = monitoring.NewNotificationChannel(ctx, m.name, &monitoring.NotificationChannelArgs{
		DisplayName: m.title("the operator"),
		Type:        pulumi.String("email"),
		Labels:      pulumi.StringMap{"email_address": pulumi.String(m.args.Config.Monitoring.Email)},
		UserLabels:  m.labels(),
	}, pulumi.Parent(m), m.args.Project.Ready())
	return err
}

// continents are the regions of the uptime check. Google requires at least three locations; the United States have three.
var continents = []string{"EUROPE", "USA", "ASIA_PACIFIC"}

// uptimeCheck declares the check of the front page, as a visitor loads it. With Cloud CDN it may be a kept page.
func (m *Monitoring) uptimeCheck(ctx *pulumi.Context) (err error) {
	check := &monitoring.UptimeCheckConfigHttpCheckArgs{Path: pulumi.String("/"), Port: pulumi.Int(80)}
	host := pulumi.StringInput(m.args.Address)
	if m.args.Home != "" {
		host = pulumi.String(m.args.Home)
		check.Port, check.UseSsl, check.ValidateSsl = pulumi.Int(443), pulumi.Bool(true), pulumi.Bool(true)
	}
	m.uptime, err = monitoring.NewUptimeCheckConfig(ctx, m.name, &monitoring.UptimeCheckConfigArgs{
		DisplayName: m.title("the site"),
		HttpCheck:   check,
		MonitoredResource: &monitoring.UptimeCheckConfigMonitoredResourceArgs{
			Type: pulumi.String("uptime_url"),
			Labels: pulumi.StringMap{
				"host":       host,
				"project_id": pulumi.String(m.args.Config.Project),
			},
		},
		Period:          pulumi.String("60s"),
		Timeout:         pulumi.String("10s"),
		SelectedRegions: pulumi.ToStringArray(continents),
		UserLabels:      m.labels(),
	}, pulumi.Parent(m), m.args.Project.Ready())
	return err
}
