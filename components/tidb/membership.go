package tidb

import (
	_ "embed"
	"maps"
	"slices"
	"strconv"
	"strings"

	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/loadbalancer"
	"geo-wordpress/ports"
	"geo-wordpress/regions"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// membership is the label of the pods of the Jobs that change which regions are in the database. Every Placement Driver
// admits it, so that such a Job changes no policy.
const membership = "membership"

// Deadlines in seconds. Data moves at PD's own pace, by default some hundred regions of 96 MiB a minute. The next update
// starts a Job again that was too late, and PD has gone on meanwhile.
const (
	purgeDeadline = 15 * 60
	movesDeadline = 4 * 3600
	// What moves data goes on in another pod when its machine is drained. A purge has no retries: only a person should
	// repeat what it has refused.
	movesRetries = 6
)

var (
	//go:embed files/pd-api.sh
	pdAPI string
	//go:embed files/purge.sh
	purgeScript string
	//go:embed files/departure.sh
	departureScript string
	//go:embed files/replication.sh
	replicationScript string
	//go:embed files/leaders.sh
	leadersScript string
)

// Purge declares the Job that takes a lost region out of the database: its Placement Driver and its store. It runs in a
// region that stands, and fails if the lost one lives.
//
// The engine deletes the lost region's resources at the end of an update, if everything before succeeded. So this Job also
// keeps a region that lives from being deleted by mistake.
func Purge(ctx *pulumi.Context, name string, in GateArgs, lost regions.Region) (pulumi.Resource, error) {
	return operation{
		name: name, typ: "Purge", args: in, script: purgeScript, deadline: purgeDeadline,
		env: target(in, lost),
	}.declare(ctx)
}

// Depart declares the Job that takes a region out of the database while it lives: its data moves first. It runs in a region
// that stands, after the region has left the load balancer.
func Depart(ctx *pulumi.Context, name string, in GateArgs, leaving regions.Region, after ...pulumi.Resource) (pulumi.Resource, error) {
	env := target(in, leaving)
	maps.Copy(env, placement(in))
	env["LEAVE_SECONDS"] = strconv.Itoa(loadbalancer.LeaveSeconds)
	return operation{
		name: name, typ: "Departure", args: in, script: departureScript, deadline: movesDeadline, retries: movesRetries, env: env,
	}.declare(ctx, after...)
}

// Replicate declares the Job that sets the number of replicas and the place of the leaders, and waits until every region
// has its part. Another set of regions, or another primary region, makes another Job.
func Replicate(ctx *pulumi.Context, name string, in GateArgs, after ...pulumi.Resource) (pulumi.Resource, error) {
	var stores []string
	for _, region := range regions.Standing(in.Config.Regions) {
		stores = append(stores, address(in.Config, region, TiKV, ports.TiKV))
	}
	env := placement(in)
	env["STORES"] = strings.Join(stores, " ")
	return operation{
		name: name, typ: "Replication", args: in, script: replicationScript, deadline: movesDeadline, retries: movesRetries,
		env: env,
	}.declare(ctx, after...)
}

// Lead declares the Job that waits until the primary region has the leaders, after Replicate's Job in the same region.
func Lead(ctx *pulumi.Context, name string, in GateArgs, after ...pulumi.Resource) (pulumi.Resource, error) {
	primary, _ := regions.Find(in.Config.Regions, in.Config.PrimaryRegion)
	return operation{
		name: name, typ: "Leaders", args: in, script: leadersScript, deadline: movesDeadline, retries: movesRetries, admitted: true,
		env: map[string]string{
			"PRIMARY": primary.Name,
			"STORE":   address(in.Config, primary, TiKV, ports.TiKV),
		},
	}.declare(ctx, after...)
}

// placement describes where the data and its leaders are to be, for the function place of pd-api.sh.
//
// These are PD's own rules, not TiDB's placement policies: they hold for all tables from the first on, also for TiDB's own,
// no dump carries them, and the number of replicas is stated in one place.
func placement(in GateArgs) map[string]string {
	var members []string
	for _, region := range regions.Standing(in.Config.Regions) {
		members = append(members, member(region))
	}
	env := map[string]string{
		"REPLICAS":       strconv.Itoa(replicas(in)),
		"MEMBERS":        strings.Join(members, " "),
		"PRIMARY":        in.Config.PrimaryRegion,
		"PRIMARY_MEMBER": "",
	}
	if primary, ok := regions.Find(in.Config.Regions, in.Config.PrimaryRegion); ok {
		env["PRIMARY_MEMBER"] = member(primary)
	}
	return env
}

// replicas is the number of replicas of all data: one in each of three or four regions, five from five regions on. A sixth
// would cost writes more than it protects.
func replicas(in GateArgs) int {
	if len(regions.Standing(in.Config.Regions)) >= 5 {
		return 5
	}
	return 3
}

// target describes the region that an operation is about.
func target(in GateArgs, region regions.Region) map[string]string {
	return map[string]string{
		"REGION": region.Name,
		"MEMBER": member(region),
		"STORE":  address(in.Config, region, TiKV, ports.TiKV),
	}
}

// operation is a Job that talks to PD's API.
type operation struct {
	name, typ string
	args      GateArgs
	script    string
	deadline  int // in seconds
	retries   int
	admitted  bool // by the policy of another operation, which it waits for
	env       map[string]string
}

func (o operation) declare(ctx *pulumi.Context, after ...pulumi.Resource) (pulumi.Resource, error) {
	component := &operationComponent{}
	if err := ctx.RegisterComponentResource("geo-wordpress:tidb:"+o.typ, o.name, component); err != nil {
		return nil, err
	}
	env := corev1.EnvVarArray{
		podspec.Env("PD_HOST", pulumi.String(regions.ServiceDNS(PD, o.args.Config.Namespaces.Database, o.args.Region))),
		podspec.Env("PD_PORT", pulumi.Sprintf("%d", ports.PDClient)),
	}
	for _, key := range slices.Sorted(maps.Keys(o.env)) {
		env = append(env, podspec.Env(key, pulumi.String(o.env[key])))
	}
	done, err := job{
		name: o.name, app: membership, container: membership, args: o.args, parent: component,
		command: []string{"sh", "-euc", callScript + pdAPI + "\n" + o.script}, env: env, deadline: o.deadline,
		retries: o.retries, policyName: o.name, admitted: o.admitted,
	}.declare(ctx, after...)
	if err != nil {
		return nil, err
	}
	return done, ctx.RegisterResourceOutputs(component, pulumi.Map{})
}

type operationComponent struct{ pulumi.ResourceState }
