package gcp

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	networkType    = "gcp:compute/network:Network"
	subnetworkType = "gcp:compute/subnetwork:Subnetwork"
	routerType     = "gcp:compute/router:Router"
	natType        = "gcp:compute/routerNat:RouterNat"
)

const noIPv6 = "it has no IPv6"

var _ = register(&kind{
	token: networkType, title: "Network", noun: "network", service: computeAPI, scope: global, naming: computeNames,
	fields: fields{
		"autoCreateSubnetworks":       boolean(forceNew, preset(true)),
		"deleteDefaultRoutesOnCreate": boolean(forceNew, preset(false)),
		"description":                 str(forceNew),
		"enableUlaInternalIpv6":       boolean(forceNew, only(false, noIPv6)),
		"mtu":                         integer(computed, forceNew, between(1300, 8896)),
		"networkFirewallPolicyEnforcementOrder": str(preset("AFTER_CLASSIC_FIREWALL"),
			oneOf("AFTER_CLASSIC_FIREWALL", "BEFORE_CLASSIC_FIREWALL")),
		"routingMode": str(computed, oneOf("REGIONAL", "GLOBAL")),
	},
	outputs: []string{"gatewayIpv4", "numericId", "selfLink", "internalIpv6Range"},
	id:      memberID(networks),
	admit: func(_ *txn, r, _ *record) error {
		o := r.Outputs
		o.fill("mtu", 1460.0)
		o.fill("routingMode", "REGIONAL")
		o.fill("gatewayIpv4", "")
		o.fill("internalIpv6Range", "")
		o.fill("numericId", digits(19))
		o.fill("selfLink", selfLink(r.ID))
		return nil
	},
})

var _ = register(&kind{
	token: subnetworkType, title: "Subnetwork", noun: "subnetwork", service: computeAPI, scope: regional,
	naming: computeNames,
	fields: fields{
		"description": str(forceNew),
		// A range widens in place; any other change replaces the subnetwork.
		"ipCidrRange":             str(required, sizedRange(4, 29), replaceIf(func(o, n any) bool { return !contains(n, o) })),
		"network":                 str(required, forceNew, ref(networks)),
		"privateIpGoogleAccess":   boolean(computed),
		"privateIpv6GoogleAccess": str(computed, only("DISABLE_GOOGLE_ACCESS", noIPv6)),
		"purpose":                 str(computed, forceNew, only("PRIVATE", "proxies and private service endpoints have no subnetworks")),
		"stackType":               str(computed, only("IPV4_ONLY", noIPv6)),
		"secondaryIpRanges": listOf(objectOf(fields{
			"rangeName":   str(required, checkString(computeNames.check)),
			"ipCidrRange": str(required, sizedRange(4, 29)),
		}), computed, maxItems(170)),
		"sendSecondaryIpRangeIfEmpty": boolean(preset(false)),
		"logConfig": objectOf(fields{
			"aggregationInterval": str(preset("INTERVAL_5_SEC"), oneOf("INTERVAL_5_SEC", "INTERVAL_30_SEC",
				"INTERVAL_1_MIN", "INTERVAL_5_MIN", "INTERVAL_10_MIN", "INTERVAL_15_MIN")),
			"filterExpr":   str(preset("true")),
			"flowSampling": number(preset(0.5), between(0, 1)),
			"metadata": str(preset("INCLUDE_ALL_METADATA"), oneOf("INCLUDE_ALL_METADATA",
				"EXCLUDE_ALL_METADATA", "CUSTOM_METADATA")),
			"metadataFields": setOf(str()),
		}),
	},
	outputs: []string{"creationTimestamp", "externalIpv6Prefix", "fingerprint", "gatewayAddress",
		"internalIpv6Prefix", "ipv6AccessType", "ipv6CidrRange", "selfLink"},
	id:    memberID(subnetworks),
	check: uniqueRangeNames,
	admit: admitSubnetwork,
})

// contains says whether the range outer holds the range inner.
func contains(outer, inner any) bool {
	o, err1 := parseRange(outer.(string))
	i, err2 := parseRange(inner.(string))
	return err1 == nil && err2 == nil && o.Bits() <= i.Bits() && o.Overlaps(i)
}

func uniqueRangeNames(in object) []plugin.CheckFailure {
	seen := map[string]bool{}
	for i, s := range in.objs("secondaryIpRanges") {
		name := s.str("rangeName")
		if name != "" && seen[name] {
			return []plugin.CheckFailure{failure(fmt.Sprintf("secondaryIpRanges[%d].rangeName", i),
				"the secondary range name %q is used twice", name)}
		}
		seen[name] = true
	}
	return nil
}

func admitSubnetwork(t *txn, r, old *record) error {
	o := r.Outputs
	used, err := t.usedRanges(r.target("network"))
	if err != nil {
		return err
	}
	cidrs := []string{o.str("ipCidrRange")}
	names := map[string]bool{}
	for _, s := range o.objs("secondaryIpRanges") {
		cidrs = append(cidrs, s.str("ipCidrRange"))
		names[s.str("rangeName")] = true
	}
	for _, cidr := range cidrs {
		p, err := parseRange(cidr)
		if err != nil {
			return invalid("ipCidrRange", cidr, "%v.", err)
		}
		if c := conflict(p, r.ID, used); c != nil {
			return &apiError{400, fmt.Sprintf("Invalid IPCidrRange: %s conflicts with %s.", cidr, c.what), "invalid"}
		}
		used = append(used, usedRange{p, "", "another range of this subnetwork"})
	}
	if old != nil {
		if err := t.rangesStillUsed(old, names, o); err != nil {
			return err
		}
	}
	p, _ := parseRange(cidrs[0])
	o["gatewayAddress"] = p.Addr().Next().String()
	o.fill("privateIpGoogleAccess", false)
	o.fill("privateIpv6GoogleAccess", "DISABLE_GOOGLE_ACCESS")
	o.fill("purpose", "PRIVATE")
	o.fill("stackType", "IPV4_ONLY")
	o.fill("secondaryIpRanges", []any{})
	for _, ipv6 := range []string{"externalIpv6Prefix", "internalIpv6Prefix", "ipv6AccessType", "ipv6CidrRange"} {
		o.fill(ipv6, "")
	}
	o.fill("creationTimestamp", timestamp(r.Created))
	o["fingerprint"] = fingerprint(r.Inputs)
	o.fill("selfLink", selfLink(r.ID))
	return nil
}

// rangesStillUsed fails if an update removes or changes a secondary range that a cluster uses.
func (t *txn) rangesStillUsed(old *record, names map[string]bool, now object) error {
	all, err := t.all(clusterType)
	if err != nil {
		return err
	}
	before, after := rangesByName(old.Outputs), rangesByName(now)
	for _, c := range all {
		if c.target("subnetwork") != old.ID {
			continue
		}
		for _, path := range []string{"clusterSecondaryRangeName", "servicesSecondaryRangeName"} {
			name := c.Outputs.str("ipAllocationPolicy." + path)
			if _, had := before[name]; had && (!names[name] || before[name] != after[name]) {
				return inUse("secondary range '"+name+"' of the subnetwork", old.ID, c.ID)
			}
		}
	}
	return nil
}

func rangesByName(subnetwork object) map[string]string {
	out := map[string]string{}
	for _, s := range subnetwork.objs("secondaryIpRanges") {
		out[s.str("rangeName")] = s.str("ipCidrRange")
	}
	return out
}

var _ = register(&kind{
	token: routerType, title: "Router", noun: "router", service: computeAPI, scope: regional, naming: computeNames,
	fields: fields{
		"description": str(forceNew),
		"network":     str(required, forceNew, ref(networks)),
		"bgp": objectOf(fields{
			"asn":               integer(required, between(1, 4294967294)),
			"advertiseMode":     str(preset("DEFAULT"), only("DEFAULT", "no other network hears its routes")),
			"keepaliveInterval": integer(preset(20), between(20, 60)),
		}),
		"encryptedInterconnectRouter": boolean(forceNew, only(false, "there is no interconnect")),
	},
	outputs: []string{"creationTimestamp", "selfLink"},
	id:      memberID(routers),
	admit:   admitPlain,
})

// admitPlain fills the outputs that most Compute Engine resources have.
func admitPlain(_ *txn, r, _ *record) error {
	r.Outputs.fill("creationTimestamp", timestamp(r.Created))
	r.Outputs.fill("selfLink", selfLink(r.ID))
	return nil
}

const natSource = "sourceSubnetworkIpRangesToNat"

var _ = register(&kind{
	token: natType, title: "RouterNat", noun: "nat", service: computeAPI, scope: regional, naming: computeNames,
	fields: fields{
		"router":              str(required, forceNew, ref(routers), keepForm),
		"natIpAllocateOption": str(only("AUTO_ONLY", "there are no regional addresses to allocate by hand")),
		natSource: str(required, oneOf("ALL_SUBNETWORKS_ALL_IP_RANGES",
			"ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES", "LIST_OF_SUBNETWORKS")),
		"subnetworks": setOf(objectOf(fields{
			"name": str(required, ref(subnetworks)),
			"sourceIpRangesToNats": setOf(str(oneOf("ALL_IP_RANGES", "PRIMARY_IP_RANGE",
				"LIST_OF_SECONDARY_IP_RANGES")), required, minItems(1)),
			"secondaryIpRangeNames": setOf(str()),
		})),
		"logConfig": objectOf(fields{
			"enable": boolean(required),
			"filter": str(required, oneOf("ERRORS_ONLY", "TRANSLATIONS_ONLY", "ALL")),
		}),
		"minPortsPerVm":                    integer(computed, between(2, 65536)),
		"maxPortsPerVm":                    integer(between(64, 65536)),
		"enableDynamicPortAllocation":      boolean(computed),
		"enableEndpointIndependentMapping": boolean(computed),
		"icmpIdleTimeoutSec":               integer(preset(30), between(1, 7200)),
		"tcpEstablishedIdleTimeoutSec":     integer(preset(1200), between(1, 7200)),
		"tcpTimeWaitTimeoutSec":            integer(preset(120), between(1, 7200)),
		"tcpTransitoryIdleTimeoutSec":      integer(preset(30), between(1, 7200)),
		"udpIdleTimeoutSec":                integer(preset(30), between(1, 7200)),
		"autoNetworkTier":                  str(computed, oneOf("PREMIUM", "STANDARD")),
		"endpointTypes":                    listOf(str(oneOf("ENDPOINT_TYPE_VM")), computed, forceNew),
		"type":                             str(preset("PUBLIC"), forceNew, only("PUBLIC", "there is no private NAT")),
	},
	id: func(at place, in object) string {
		return strings.Join([]string{at.project, at.region, lastSegment(in.str("router")), in.str("name")}, "/")
	},
	check: func(in object) []plugin.CheckFailure {
		listed := in.str(natSource) == "LIST_OF_SUBNETWORKS"
		if in.known(natSource) && listed != (in.has("subnetworks") && (!in.known("subnetworks") ||
			len(in.list("subnetworks")) > 0)) {
			return []plugin.CheckFailure{failure("subnetworks", "subnetworks go with %s LIST_OF_SUBNETWORKS, and only "+
				"with it: it is %q", natSource, in.str(natSource))}
		}
		return nil
	},
	admit: admitNAT,
})

func admitNAT(t *txn, r, _ *record) error {
	router, err := t.get(r.target("router"))
	if err != nil {
		return err
	}
	for i, s := range r.targets("subnetworks") {
		sub, err := t.get(s)
		if err != nil {
			return err
		}
		if sub.target("network") != router.target("network") || sub.Place != router.Place {
			return invalid(fmt.Sprintf("nats[0].subnetworks[%d].name", i), selfLink(s),
				"The subnetwork must be in the network and the region of the router.")
		}
	}
	if other, err := t.otherNAT(r, router); err != nil || other != "" {
		if err != nil {
			return err
		}
		return badRequest("Subnetwork ranges of NAT '%s' are served by NAT '%s' already", r.Name, other)
	}
	r.Outputs.fill("minPortsPerVm", 64.0)
	r.Outputs.fill("enableDynamicPortAllocation", false)
	r.Outputs.fill("enableEndpointIndependentMapping", false)
	r.Outputs.fill("autoNetworkTier", "PREMIUM")
	r.Outputs.fill("endpointTypes", []any{"ENDPOINT_TYPE_VM"})
	return nil
}

// otherNAT returns the name of another NAT in the same network and region that serves one of r's subnetworks.
func (t *txn) otherNAT(r, router *record) (string, error) {
	all, err := t.all(natType)
	if err != nil {
		return "", err
	}
	for _, other := range all {
		if other.ID == r.ID || other.Place != r.Place {
			continue
		}
		theirs, err := t.get(other.target("router"))
		if err != nil {
			return "", err
		}
		if theirs.target("network") != router.target("network") {
			continue
		}
		mine, others := r.targets("subnetworks"), other.targets("subnetworks")
		if len(mine) == 0 || len(others) == 0 {
			return other.Name, nil
		}
		for _, a := range mine {
			for _, b := range others {
				if a == b {
					return other.Name, nil
				}
			}
		}
	}
	return "", nil
}
