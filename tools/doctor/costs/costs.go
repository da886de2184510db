package costs

import (
	"fmt"
	"strings"

	"geo-wordpress/config"
	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"
)

// Estimate is what a stack costs in US dollars a month before traffic, discounts and tax.
type Estimate struct {
	Clusters, Machines, Disks, NAT, LoadBalancer float64
}

// Total is the sum, with the fee of all clusters.
func (e Estimate) Total() float64 {
	return e.Clusters + e.Machines + e.Disks + e.NAT + e.LoadBalancer
}

// WithFreeTier is the sum if no other cluster uses the billing account's credit.
func (e Estimate) WithFreeTier() float64 { return e.Total() - min(freeTierMonth, e.Clusters) }

// Of estimates a stack's costs. It knows the machines of the family e2-standard.
func Of(c *config.Config) (Estimate, error) {
	var e Estimate
	for _, r := range regions.Standing(c.Regions) {
		price, ok := inRegion[r.Name]
		if !ok {
			return e, fmt.Errorf("the prices of %s are not known here", r.Name)
		}
		machine, err := googlecloud.LookupMachineType(r.MachineType)
		if err != nil {
			return e, fmt.Errorf("%s %w", r.MachineType, err)
		}
		if machine.SharedCore || !strings.HasPrefix(machine.Name, "e2-standard-") {
			return e, fmt.Errorf("the price of %s is not known here", machine.Name)
		}
		nodes := float64(r.Nodes)
		e.Clusters += clusterHour * Hours
		e.Machines += nodes * price.e2standard4Hour * float64(machine.VCPUs) / 4 * Hours
		e.Disks += float64(c.Disks.PD+c.Disks.TiKV+c.Disks.Files+r.Nodes*c.Disks.Boot) * price.balancedGiBMonth
		e.NAT += (min(nodes, natMachines)*natMachineHour + natAddressHour) * Hours
	}
	e.LoadBalancer = forwardingRulesHour * Hours
	return e, nil
}
