// Package state reads what the stack's last update left in its state, before this run registers anything. With it the
// configuration can be checked against what exists: a disk cannot shrink, and a region with data is not removed by a slip.
package state

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// State is the part of a stack's state that the program asks for.
type State struct {
	// Disks are the persistent disks, ordered by region and role.
	Disks []Disk
	// Databases are the regions in which the database was complete after an update, ordered.
	Databases []string
	// Certificates says whether the stack has the certificates of its database. One that an older version of the program made
	// has none.
	Certificates bool
	// Protected are the regions whose clusters are protected against deletion, ordered.
	Protected []string
	// Ranges are the address ranges of the regions' machines, in CIDR notation, by region.
	Ranges map[string]string
	// Least are the fewest machines of each region's node pool, by region: as many as it has, or as its autoscaler leaves.
	Least map[string]int
	// Growing are the most pods in any region to which autoscalers scale a Deployment, by its name: wordpress or tidb.
	Growing map[string]int
	// Entrance is what leads to the site.
	Entrance Entrance
}

// Disk is a persistent disk of a region.
type Disk struct {
	Region, Zone string
	Role         string // pd, tikv or files
	SizeGiB      int
}

// Read reads the state of the stack that is being previewed or updated. The engine reads it from the backend, so it is
// the state at the end of the last operation, also when that was interrupted.
func Read(ctx *pulumi.Context) (*State, error) {
	var result struct {
		Outputs map[string]any `pulumi:"outputs"` // by URN: type, and outputs by name
	}
	stack := ctx.Organization() + "/" + ctx.Project() + "/" + ctx.Stack()
	// The engine's own function behind stack references. Its result holds the state's secrets, and is not kept.
	_, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackResourceOutputs", map[string]any{"stackName": stack}, &result, "")
	if err != nil {
		return nil, fmt.Errorf("reading the state of the stack %s: %w", stack, err)
	}
	return of(result.Outputs), nil
}

const (
	diskType       = "gcp:compute/disk:Disk"
	subnetType     = "gcp:compute/subnetwork:Subnetwork"
	autoscalerType = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	clusterType    = "gcp:container/cluster:Cluster"
	poolType       = "gcp:container/nodePool:NodePool"
	bytesType      = "random:index/randomBytes:RandomBytes"
	databaseType   = "geo-wordpress:tidb:Gate$kubernetes:core/v1:ConfigMap" // see tidb.Gate.Arm
)

// The names of the resources, as the components give them.
var (
	subnetName   = regexp.MustCompile(`^network-(.+)$`)
	clusterName  = regexp.MustCompile(`^cluster-(.+)$`)
	diskName     = regexp.MustCompile(`^storage-(.+)-(pd|tikv|files)$`)
	databaseName = regexp.MustCompile(`^gate-(.+)$`)
)

// authority is the name of the key of the database's certificate authority.
const authority = "certificates-authority"

// of extracts the State from the outputs of all resources.
func of(resources map[string]any) *State {
	s := &State{Ranges: map[string]string{}, Least: map[string]int{}, Growing: map[string]int{}}
	for key, value := range resources {
		urn := resource.URN(key)
		if name := databaseName.FindStringSubmatch(urn.Name()); name != nil && urn.QualifiedType() == databaseType {
			s.Databases = append(s.Databases, name[1])
		}
		if urn.Name() == authority && urn.Type() == bytesType {
			s.Certificates = true
		}
		state, _ := value.(map[string]any)
		outputs, _ := state["outputs"].(map[string]any)
		s.Entrance.read(urn, outputs)
		if name := subnetName.FindStringSubmatch(urn.Name()); name != nil && urn.Type() == subnetType {
			s.Ranges[name[1]], _ = outputs["ipCidrRange"].(string)
		}
		if name := clusterName.FindStringSubmatch(urn.Name()); name != nil && urn.Type() == clusterType && outputs["deletionProtection"] == true {
			s.Protected = append(s.Protected, name[1])
		}
		if name := clusterName.FindStringSubmatch(urn.Name()); name != nil && urn.Type() == poolType {
			least, ok := outputs["nodeCount"].(float64)
			if autoscaling, grows := outputs["autoscaling"].(map[string]any); grows {
				least, ok = autoscaling["minNodeCount"].(float64)
			}
			if ok {
				s.Least[name[1]] = int(least)
			}
		}
		if urn.Type() == autoscalerType {
			spec, _ := outputs["spec"].(map[string]any)
			target, _ := spec["scaleTargetRef"].(map[string]any)
			name, _ := target["name"].(string)
			most, _ := spec["maxReplicas"].(float64)
			s.Growing[name] = max(s.Growing[name], int(most))
		}
		if name := diskName.FindStringSubmatch(urn.Name()); name != nil && urn.Type() == diskType {
			disk := Disk{Region: name[1], Role: name[2]}
			disk.Zone, _ = outputs["zone"].(string)
			size, _ := outputs["size"].(float64)
			disk.SizeGiB = int(size)
			s.Disks = append(s.Disks, disk)
		}
	}
	slices.Sort(s.Databases)
	slices.Sort(s.Protected)
	s.Entrance.complete()
	slices.SortFunc(s.Disks, func(a, b Disk) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Role, b.Role))
	})
	return s
}
