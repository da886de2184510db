// Package dns declares the resource types of Cloud DNS, public zones and their records, and answers for the public DNS:
// with those records, and with those that an operator sets elsewhere.
package dns

import (
	"slices"
	"strings"

	"geo-wordpress/localcloud/gcp/api"
)

// Kinds are the resource types.
func Kinds() []*api.Kind { return []*api.Kind{managedZone(), recordSet()} }

// elsewhere is the store's bucket of the records at other providers: name and type to data.
const elsewhere = "dnsRecords"

// Records are the records that an operator sets by hand, at a provider other than Cloud DNS.
type Records struct{ *api.API }

// SetRecord sets the data of a name's records of a type; without data it removes them. A name may end with a dot.
func (r Records) SetRecord(name, recordType string, data []string) error {
	return r.Transact(func(t *api.Tx) error {
		key := absolute(name) + " " + recordType
		if len(data) == 0 {
			return t.Delete(elsewhere, key)
		}
		return t.Put(elsewhere, key, data)
	})
}

// CreateZone creates a public zone of Cloud DNS in a project, such as the one that an organisation has before the stack.
func (r Records) CreateZone(project, name, domain string) error {
	return r.Transact(func(t *api.Tx) error {
		at := api.Location{Project: project}
		id := zoneID(at, api.Object{"name": name})
		if existing := t.Find(id); existing != nil {
			return alreadyExists(name)
		}
		return t.Save(&api.Record{Type: zoneType, ID: id, Name: name, Project: project, State: api.Running,
			Inputs: api.Object{"name": name, "dnsName": absolute(domain)}, Outputs: api.Object{"name": name, "dnsName": absolute(domain)}})
	})
}

// Lookup returns the data of a name's records of a type in the public DNS.
func Lookup(t *api.Tx, name, recordType string) (data []string) {
	t.Get(elsewhere, absolute(name)+" "+recordType, &data)
	for _, r := range t.All(recordSetType) {
		if r.State == api.Running && r.Outputs.Str("name") == absolute(name) && r.Outputs.Str("type") == recordType {
			data = append(data, r.Outputs.Strs("rrdatas")...)
		}
	}
	slices.Sort(data)
	return data
}

// absolute is a name with its trailing dot.
func absolute(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") + "." }
