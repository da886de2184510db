package main

import (
	"testing"

	"pgregory.net/rapid"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/googlecloud"
	"geo-wordpress/regions"
)

// For any valid configuration, every region needs room for its machines and one more, and the project for the sum and one more.
func TestNeeds(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c, err := config.Load(configtest.ValidConfig(r), configtest.Project)
		if err != nil {
			r.Fatal(err)
		}
		sum, largest := 0, 0
		for _, region := range regions.Standing(c.Regions) {
			machine, err := googlecloud.LookupMachineType(region.MachineType)
			if err != nil {
				r.Fatal(err)
			}
			nodes := max(region.Nodes, region.MostNodes) // to which the pool may grow
			sum, largest = sum+nodes*machine.VCPUs, max(largest, machine.VCPUs)
			for _, n := range regional(c, region, held{}) {
				if n.amount <= 0 {
					r.Fatalf("%s: %+v", region.Name, n)
				}
				if n.metric == familyQuota(machine) && n.amount != (nodes+1)*machine.VCPUs {
					r.Fatalf("%s: %+v", region.Name, n)
				}
			}
		}
		if n := global(c, held{})[0]; n.amount != sum+largest {
			r.Fatalf("%+v, want %d and %d", n, sum, largest)
		}
	})
}
