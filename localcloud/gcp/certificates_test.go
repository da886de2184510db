package gcp

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"geo-wordpress/localcloud/gcp/api"
)

const (
	authorizationType = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization"
	managedType       = "gcp:certificatemanager/certificate:Certificate"
	certificateMap    = "gcp:certificatemanager/certificateMap:CertificateMap"
	mapEntryType      = "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry"
	recordSetType     = "gcp:dns/recordSet:RecordSet"
	sslPolicyType     = "gcp:compute/sSLPolicy:SSLPolicy"
)

// certified are the steps to HTTPS for www.example.com.
var certified = []step{
	{"certificates-api", serviceType, service(api.CertificateManager)},
	{"tls", sslPolicyType, func(*stand) props { return props{"profile": "RESTRICTED", "minTlsVersion": "TLS_1_2"} }},
	{"www", authorizationType, func(*stand) props { return props{"domain": "www.example.com"} }},
	{"www-certificate", managedType, func(s *stand) props {
		return props{"managed": props{"domains": []any{"www.example.com"}, "dnsAuthorizations": []any{s.ids["www"]}}}
	}},
	{"certificates", certificateMap, func(*stand) props { return props{"description": "the site"} }},
	{"www-entry", mapEntryType, func(s *stand) props {
		return props{"map": s.out("certificates", "name"), "hostname": "www.example.com", "certificates": []any{s.ids["www-certificate"]}}
	}},
	{"secure", httpsProxyType, func(s *stand) props {
		return props{"urlMap": s.ids["map"], "sslPolicy": s.ids["tls"], "certificateMap": "//certificatemanager.googleapis.com/" + s.ids["certificates"]}
	}},
	{"secure-rule", forwardingRuleType, func(s *stand) props {
		return props{"target": s.ids["secure"], "ipAddress": s.out("address", "address"), "portRange": "443", "loadBalancingScheme": "EXTERNAL_MANAGED"}
	}},
}

// proof is the record that the authorisation asks for.
func (s *stand) proof() (name, data string) {
	record := s.outputs["www"]["dnsResourceRecords"].ArrayValue()[0].ObjectValue()
	return record["name"].StringValue(), record["data"].StringValue()
}

// state is the certificate's, as a refresh reads it.
func (s *stand) state() string {
	r, err := s.api.Read(s.ids["www-certificate"])
	require.NoError(s.t, err)
	return r.Outputs.Str("managed.state")
}

func TestACertificateWaitsForItsRecord(t *testing.T) {
	s := build(t, "certificate")
	err := s.make(certified[2])
	require.ErrorContains(t, err, "Certificate Manager API has not been used in project")
	for _, step := range certified {
		require.NoError(t, s.make(step), step.name)
		in := s.inputs[step.name]
		assert.Empty(t, s.diff(step.token, step.name, s.ids[step.name], in, in, s.outputs[step.name]).DetailedDiff, step.name)
	}
	assert.Equal(t, "PROVISIONING", s.outputs["www-certificate"]["managed"].ObjectValue()["state"].StringValue(), "the provider does not wait")
	secure := func() (hosts, problems []string) {
		fronts, err := s.api.FrontEnds()
		require.NoError(t, err)
		for _, f := range fronts {
			if f.HTTPS {
				require.Equal(t, "TLS_1_2", f.MinTLS)
				return f.Hosts, f.Problems
			}
		}
		t.Fatal("no HTTPS")
		return nil, nil
	}
	hosts, problems := secure()
	assert.Empty(t, hosts)
	assert.Equal(t, []string{"the certificate for www.example.com waits for its DNS record"}, problems)

	name, data := s.proof()
	assert.Equal(t, "_acme-challenge.www.example.com.", name)
	require.NoError(t, s.api.SetRecord(name, "CNAME", []string{"other."}))
	assert.Equal(t, "PROVISIONING", s.state(), "another record proves nothing")
	require.NoError(t, s.api.SetRecord(strings.TrimSuffix(name, "."), "CNAME", []string{data}))
	assert.Equal(t, "ACTIVE", s.state())
	hosts, problems = secure()
	assert.Equal(t, []string{"www.example.com"}, hosts)
	assert.Empty(t, problems)

	require.ErrorContains(t, s.make(step{"twice", mapEntryType, certified[5].inputs}), "already has an entry for the hostname")
	for _, used := range []string{"www", "www-certificate", "certificates", "tls"} {
		for _, step := range certified {
			if step.name == used {
				require.ErrorContains(t, s.delete(step.token, used, s.ids[used]), "resourceInUseByAnotherResource", used)
			}
		}
	}
	for i := len(certified) - 1; i > 0; i-- {
		require.NoError(t, s.delete(certified[i].token, certified[i].name, s.ids[certified[i].name]), certified[i].name)
	}
}

func TestACertificateNeedsAnAuthorisationOfItsName(t *testing.T) {
	s := build(t, "certificate")
	for _, step := range certified[:3] {
		require.NoError(t, s.make(step))
	}
	err := s.make(step{"other", managedType, func(s *stand) props {
		return props{"managed": props{"domains": []any{"other.example.com"}, "dnsAuthorizations": []any{s.ids["www"]}}}
	}})
	require.ErrorContains(t, err, "other.example.com has no DNS authorization")
	for _, bad := range []props{
		{"managed": props{"domains": []any{"www.example.com"}}},
		{"managed": props{"domains": []any{"www.example.com"}, "dnsAuthorizations": []any{s.ids["www"]}, "state": "ACTIVE"}},
		{"managed": props{"domains": []any{"www_example.com"}, "dnsAuthorizations": []any{s.ids["www"]}}},
	} {
		_, failures := s.check(managedType, "bad", nil, resource.NewPropertyMapFromMap(bad))
		assert.NotEmpty(t, failures, "%v", bad)
	}
}

func TestRecordsOfAZone(t *testing.T) {
	s := build(t, "certificate")
	for _, step := range certified[:6] {
		require.NoError(t, s.make(step))
	}
	name, data := s.proof()
	set := func(name, kind, data string) error {
		return s.make(step{"record", recordSetType, func(*stand) props {
			return props{"managedZone": "example-com", "name": name, "type": kind, "ttl": 300, "rrdatas": []any{data}}
		}})
	}
	require.ErrorContains(t, set(name, "CNAME", data), "The 'parameters.managedZone' resource named 'example-com' does not exist.")
	require.NoError(t, s.api.CreateZone(project, "example-com", "example.com"))
	require.ErrorContains(t, s.api.CreateZone(project, "example-com", "example.com"), "already exists")
	require.ErrorContains(t, set("www.example.org.", "A", "192.0.2.1"), "Invalid value for 'entity.change.additions.name'")
	require.ErrorContains(t, set("www.example.com.", "A", "2001:db8::1"), "rrdata[0]")
	require.NoError(t, set(name, "CNAME", data))
	assert.Equal(t, "ACTIVE", s.state())
	require.ErrorContains(t, s.make(step{"clash", recordSetType, func(*stand) props {
		return props{"managedZone": "example-com", "name": name, "type": "A", "rrdatas": []any{"192.0.2.1"}}
	}}), "cnameResourceRecordSetConflict")
	require.NoError(t, s.delete(recordSetType, "record", s.ids["record"]))
	assert.Equal(t, "PROVISIONING", s.state())
}

// A proxy keeps its certificates until it has a map; and HTTPS does not redirect to HTTPS.
func TestAProxyChangesToACertificateMap(t *testing.T) {
	s := build(t, "")
	for _, step := range certified[:6] {
		require.NoError(t, s.make(step))
	}
	reference := "//certificatemanager.googleapis.com/" + s.ids["certificates"]
	update := func(changes props) error {
		in, failures := s.check(httpsProxyType, "https-proxy", s.inputs["https-proxy"], s.with("https-proxy", changes))
		require.Empty(t, failures)
		out, err := s.updateFrom(s.outputs["https-proxy"], httpsProxyType, "https-proxy", s.ids["https-proxy"], s.inputs["https-proxy"], in)
		if err == nil {
			s.inputs["https-proxy"], s.outputs["https-proxy"] = in, out
		}
		return err
	}
	require.ErrorContains(t, update(props{"sslCertificates": nil, "certificateMap": reference}), "At least one SSL certificate")
	require.NoError(t, update(props{"certificateMap": reference}))
	require.NoError(t, update(props{"sslCertificates": nil}))
	require.NoError(t, s.make(step{"redirect", urlMapType, func(*stand) props {
		return props{"defaultUrlRedirect": props{"httpsRedirect": true, "stripQuery": false}}
	}}))
	require.ErrorContains(t, update(props{"urlMap": s.ids["redirect"]}), "httpsRedirect is not permitted")
}
