package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"geo-wordpress/config"
	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"
	"geo-wordpress/shield"
)

// need is what a quota must have room for.
type need struct {
	metric string
	amount int
}

// defaultPoolGiB is the standard disk of the machine that GKE creates with a cluster, and the program removes.
const defaultPoolGiB = 20

// familyQuota is the quota that counts a machine family's vCPUs: CPUS, except for families that have their own. Source:
// https://cloud.google.com/compute/resource-usage#cpu_quota.
func familyQuota(machine googlecloud.MachineType) string {
	family := strings.SplitN(machine.Class, "-", 2)[0]
	switch family {
	case "e2", "n1":
		return "CPUS"
	}
	return strings.ToUpper(family) + "_CPUS"
}

// most is the number of machines to which a region grows.
func most(r regions.Region) int { return max(r.Nodes, r.MostNodes) }

// regional is what a region's quotas must have room for, beyond what the stack holds: its machines, one more while the node pool
// is updated, and the disks.
func regional(c *config.Config, r regions.Region, h held) []need {
	machine, err := googlecloud.LookupMachineType(r.MachineType)
	if err != nil {
		return nil // config.Load reported it
	}
	has, nodes := h.machines[r.Name], most(r)
	more := func(final, held int) int { return max(0, final-held) }
	needs := []need{
		{familyQuota(machine), more(nodes*machine.VCPUs, has.nodes*has.vcpus) + machine.VCPUs},
		{"INSTANCES", more(nodes, has.nodes) + 1},
		{"SSD_TOTAL_GB", more(nodes*c.Disks.Boot, has.nodes*has.bootGiB) + c.Disks.Boot +
			more(c.Disks.PD+c.Disks.TiKV+c.Disks.Files, h.dataGiB[r.Name])},
	}
	if has.nodes == 0 {
		needs = append(needs, need{"DISKS_TOTAL_GB", defaultPoolGiB}, need{"INSTANCE_GROUPS", 1}, need{"INSTANCE_GROUP_MANAGERS", 1})
	}
	return needs
}

// global is what the project's global quotas must have room for, beyond what the stack holds.
func global(c *config.Config, h held) []need {
	standing := regions.Standing(c.Regions)
	vcpus, surge := 0, 0
	for _, r := range standing {
		machine, err := googlecloud.LookupMachineType(r.MachineType)
		if err != nil {
			continue
		}
		has := h.machines[r.Name]
		vcpus += max(0, most(r)*machine.VCPUs-has.nodes*has.vcpus)
		surge = max(surge, machine.VCPUs) // one region after the other
	}
	services, addresses, maps, https := 1, 1, 1, 0
	if c.PrimaryRegion != "" {
		services = 2
	}
	if c.IPv6 {
		addresses = 2
	}
	if c.Domain != "" {
		maps, https = 3, 1 // while the site moves
	}
	n := len(standing)
	needs := []need{
		{"NETWORKS", 1}, {"SUBNETWORKS", n}, {"ROUTERS", n},
		{"FIREWALLS", 2}, {"STATIC_ADDRESSES", addresses}, {"HEALTH_CHECKS", services}, {"BACKEND_SERVICES", services},
		{"URL_MAPS", maps}, {"TARGET_HTTP_PROXIES", 1}, {"TARGET_HTTPS_PROXIES", https},
		{"GLOBAL_EXTERNAL_MANAGED_FORWARDING_RULES", addresses * (1 + https)},
	}
	if rules := shield.Rules(c.Shield, c.XMLRPC, c.InstallFrom); len(rules) > 0 {
		expressions := 0
		for _, r := range rules {
			if r.Expression != "" {
				expressions++
			}
		}
		needs = append(needs, need{policies, 1}, need{policyRules, len(rules)}, need{policyExpressions, expressions})
	}
	for i := range needs {
		needs[i].amount = max(0, needs[i].amount-h.counts[needs[i].metric])
	}
	if len(h.machines) < n {
		i := slices.IndexFunc(needs, func(n need) bool { return n.metric == "FIREWALLS" })
		needs[i].amount += 4 * (n - len(h.machines)) // GKE's own, for each cluster; three or four
	}
	return append([]need{{"CPUS_ALL_REGIONS", vcpus + surge}}, needs...)
}

// Cloud Armor's quotas, which are 0 in young and formerly trial projects (https://docs.cloud.google.com/armor/quotas).
const (
	policies          = "SECURITY_POLICIES"
	policyRules       = "SECURITY_POLICY_RULES"
	policyExpressions = "SECURITY_POLICY_CEVAL_RULES" // rules with an expression
)

// quota is one of Google's.
type quota struct {
	Metric       string
	Limit, Usage float64
}

// quotas checks the project's and each region's.
func (d *doctor) quotas(ctx context.Context, compute bool) {
	if !d.ready("quotas", compute) {
		return
	}
	id := d.settings.project
	d.quota(ctx, "quotas of the project", "/compute/v1/projects/"+id, global(d.settings.config, d.held))
	for _, r := range regions.Standing(d.settings.config.Regions) {
		d.quota(ctx, "quotas of "+r.Name, "/compute/v1/projects/"+id+"/regions/"+r.Name, regional(d.settings.config, r, d.held))
	}
}

// ready says whether Compute Engine can be asked about the configuration. If not, it skips the check.
func (d *doctor) ready(check string, compute bool) bool {
	switch {
	case d.settings.config == nil:
		d.skip(check, "needs a valid configuration", "")
		return false
	case !compute:
		d.skip(check, computeEngine+" is not enabled, so Google does not say", enableCompute(d.settings.project))
		return false
	}
	return true
}

func enableCompute(project string) string {
	return "gcloud services enable " + computeEngine + " --project " + project + ", then run doctor again"
}

// quota compares the needs with one resource's quotas. Google lists no quota that a project does not have.
func (d *doctor) quota(ctx context.Context, check, path string, needs []need) {
	id := d.settings.project
	var resource struct{ Quotas []quota }
	if err := d.google.get(ctx, computeEngine, path, url.Values{"fields": {"quotas"}}, &resource); err != nil {
		found, remedy := explain(err, id)
		d.fail(check, found, remedy)
		return
	}
	var enough []string
	for _, n := range needs {
		i := slices.IndexFunc(resource.Quotas, func(q quota) bool { return q.Metric == n.metric })
		if i < 0 || n.amount == 0 {
			continue
		}
		free := resource.Quotas[i].Limit - resource.Quotas[i].Usage
		if free < float64(n.amount) {
			way := "choose fewer or smaller machines"
			if n.metric == policies || n.metric == policyRules || n.metric == policyExpressions {
				way = "remove shield and installFrom"
			}
			d.fail(check, fmt.Sprintf("%s: %d more are needed, and %.0f of %.0f are free", n.metric, n.amount, max(0, free), resource.Quotas[i].Limit),
				fmt.Sprintf("ask for a limit of %.0f at https://console.cloud.google.com/iam-admin/quotas?project=%s, or %s",
					resource.Quotas[i].Usage+float64(n.amount), id, way))
			continue
		}
		enough = append(enough, fmt.Sprintf("%s %d of %.0f free", n.metric, n.amount, free))
	}
	if len(enough) > 0 {
		d.ok(check, strings.Join(enough, ", "))
	}
}

// machines checks that each zone exists and has the machine type.
func (d *doctor) machines(ctx context.Context, compute bool) {
	if !d.ready("machines", compute) {
		return
	}
	id := d.settings.project
	for _, r := range regions.Standing(d.settings.config.Regions) {
		check := "machines of " + r.Name
		var machine struct {
			Name       string
			Deprecated struct{ State string }
		}
		err := d.google.get(ctx, computeEngine, "/compute/v1/projects/"+id+"/zones/"+r.Zone+"/machineTypes/"+r.MachineType, nil, &machine)
		var refused *apiError
		switch {
		case errors.As(err, &refused) && refused.code == http.StatusNotFound:
			d.fail(check, r.Zone+" has no "+r.MachineType, "gcloud compute machine-types list --filter name="+r.MachineType+" shows its zones")
		case err != nil:
			found, remedy := explain(err, id)
			d.fail(check, found, remedy)
		case machine.Deprecated.State != "":
			d.warn(check, r.MachineType+" is "+machine.Deprecated.State+" in "+r.Zone, "choose another machineType")
		default:
			d.ok(check, fmt.Sprintf("%d %s in %s", r.Nodes, r.MachineType, r.Zone))
		}
	}
}
