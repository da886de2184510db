package certificatemanager

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/gcp/api"
	"geo-wordpress/localcloud/gcp/dns"
	"geo-wordpress/localcloud/gcp/schema"
)

const certificateType = "gcp:certificatemanager/certificate:Certificate"

// The states of a managed certificate.
const (
	provisioning = "PROVISIONING"
	active       = "ACTIVE"
)

func certificate() *api.Kind {
	return &api.Kind{
		Token: certificateType, Title: "Certificate", Noun: "certificate", Service: api.CertificateManager,
		Naming: api.CertificateNames,
		Fields: located(schema.Fields{
			"managed": schema.ObjectOf(schema.Fields{
				"domains": schema.ListOf(schema.String(schema.CheckString(checkHost)), schema.Required, schema.ForceNew,
					schema.MinItems(1), schema.MaxItems(100)),
				"dnsAuthorizations": schema.ListOf(schema.String(schema.Ref(api.DNSAuthorizations), schema.KeepForm),
					schema.Required, schema.ForceNew, schema.MinItems(1)),
				"authorizationAttemptInfos": schema.ListOf(schema.ObjectOf(schema.Fields{
					"details": schema.String(schema.Computed), "domain": schema.String(schema.Computed),
					"failureReason": schema.String(schema.Computed), "state": schema.String(schema.Computed),
				}), schema.Computed),
				"state": schema.String(schema.Computed),
			}, schema.Required, schema.ForceNew),
			"scope": schema.String(schema.Default("DEFAULT"), schema.ForceNew, schema.Only("DEFAULT",
				"its certificates are those of global load balancers")),
		}),
		Outputs: []string{"effectiveLabels", "pulumiLabels"},
		ID:      api.MemberID(api.Certificates),
		Check: func(in api.Object) []plugin.CheckFailure {
			for _, name := range []string{"state", "authorizationAttemptInfos"} {
				if in.Has("managed." + name) {
					return []plugin.CheckFailure{api.Failure("managed."+name, "only Certificate Manager sets it")}
				}
			}
			return nil
		},
		Admit: admitCertificate,
		Now:   func(t *api.Tx, r *api.Record) { r.Outputs["managed"].(map[string]any)["state"] = state(t, r) },
	}
}

// admitCertificate accepts a certificate with an authorisation for each of its domains. Google issues it later, and the
// provider does not wait for that.
func admitCertificate(t *api.Tx, r, _ *api.Record) error {
	var authorized []string
	for _, id := range r.Targets("managed.dnsAuthorizations") {
		authorized = append(authorized, t.Find(id).Outputs.Str("domain"))
	}
	for _, domain := range r.Outputs.Strs("managed.domains") {
		if !slices.Contains(authorized, domain) {
			return api.BadRequest("The domain %s has no DNS authorization among those of the certificate.", domain)
		}
	}
	r.Outputs.Fill("managed.state", provisioning)
	r.Outputs.Fill("managed.authorizationAttemptInfos", []any{})
	fillLabels(r.Outputs)
	return nil
}

// state is a certificate's state by the DNS records that exist now. Google keeps an issued certificate until it cannot
// be renewed; here it is gone with its record, so that an operator notices a record that was removed.
func state(t *api.Tx, r *api.Record) string {
	for _, id := range r.Targets("managed.dnsAuthorizations") {
		for _, record := range t.Find(id).Outputs.Objs("dnsResourceRecords") {
			if !slices.Contains(dns.Lookup(t, record.Str("name"), record.Str("type")), record.Str("data")) {
				return provisioning
			}
		}
	}
	return active
}

// ByHost returns the names for which the entries of a certificate map have a certificate that is issued, ordered; and why
// the others are not served.
func ByHost(t *api.Tx, mapID string) (hosts, problems []string) {
	for _, entry := range t.All(entryType) {
		if entry.Target("map") != mapID || entry.State != api.Running {
			continue
		}
		host := entry.Outputs.Str("hostname")
		issued := slices.ContainsFunc(entry.Targets("certificates"), func(id string) bool {
			r := t.Find(id)
			return state(t, r) == active && slices.Contains(r.Outputs.Strs("managed.domains"), host)
		})
		if issued {
			hosts = append(hosts, host)
		} else {
			problems = append(problems, fmt.Sprintf("the certificate for %s waits for its DNS record", host))
		}
	}
	slices.Sort(hosts)
	slices.Sort(problems)
	return hosts, problems
}
