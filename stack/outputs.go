package stack

import (
	"time"

	"geo-wordpress/components/cluster"
	"geo-wordpress/components/tidb"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// export sets the outputs that operators use; docs/verify.md describes them.
func (s *system) export() {
	var kubeconfigs []cluster.Kubeconfig
	all := pulumi.MapArray{}
	devices := pulumi.StringMap{}
	for _, r := range s.regions {
		kubeconfigs = append(kubeconfigs, r.cluster.Kubeconfig)
		all = append(all, pulumi.Map{
			"name":      pulumi.String(r.Name),
			"zone":      pulumi.String(r.Zone),
			"cluster":   r.cluster.Name,
			"dnsDomain": pulumi.String(r.DNSDomain),
		})
		devices[r.Name] = s.identities[r.Name].DeviceID
	}
	s.ctx.Export("loadbalancer_ip", s.loadBalancer.Address)
	s.ctx.Export("site_url", s.loadBalancer.SiteURL)
	if s.loadBalancer.IPv6 != nil {
		s.ctx.Export("loadbalancer_ipv6", s.loadBalancer.IPv6)
	}
	if len(s.loadBalancer.Records) > 0 {
		s.ctx.Export("dns_records", s.loadBalancer.Records)
	}
	s.ctx.Export("kubeconfig", cluster.MergeKubeconfigs(kubeconfigs))
	s.ctx.Export("regions", all)
	s.ctx.Export("database", pulumi.Map{
		"name":         pulumi.String(tidb.Database),
		"user":         pulumi.String(tidb.User),
		"password":     s.credentials.DatabaseWordPress,
		"rootPassword": s.credentials.DatabaseRoot,
	})
	s.ctx.Export("syncthing_devices", devices)
	s.ctx.Export("certificates_until", pulumi.String(s.certificates.Until.Format(time.RFC3339)))
	if s.backup != nil {
		s.ctx.Export("backup_bucket", s.backup.Bucket)
	}
	if s.config.Site != nil {
		s.ctx.Export("admin", pulumi.Map{
			"user":     pulumi.String(s.config.Site.AdminUser),
			"password": s.credentials.Admin,
		})
	}
}
