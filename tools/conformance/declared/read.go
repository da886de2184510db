package declared

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"geo-wordpress/regions"
)

// document is Read's input: a stack's regions, and the objects in their API servers.
type document struct {
	Regions []struct {
		Name      string       `json:"name"`      // of the region
		DNSDomain string       `json:"dnsDomain"` // of its cluster
		Pods      netip.Prefix `json:"pods"`
		Services  netip.Prefix `json:"services"`
		// Objects are Kubernetes objects, with apiVersion and kind.
		Objects []json.RawMessage `json:"objects"`
	} `json:"regions"`
}

// Read reads a stack as the API servers hold it, with their defaults, from one JSON document:
//
//	{"regions": [{"name": "europe-west1", "dnsDomain": "...", "pods": "10.0.0.0/17", "services": "10.0.128.0/20",
//	              "objects": [{"apiVersion": "v1", "kind": "Service", ...}, ...]}, ...]}
//
// It reads nothing after the document's end, except into its buffer.
func Read(from io.Reader) (*Stack, error) {
	var d document
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("reading the stack: %w", err)
	}
	if len(d.Regions) == 0 {
		return nil, errors.New("reading the stack: it has no regions")
	}
	s := &Stack{}
	for i, each := range d.Regions {
		region := newRegion(regions.Region{
			Name: each.Name, Index: i, DNSDomain: each.DNSDomain,
			Ranges: regions.Ranges{Pods: each.Pods, Services: each.Services},
		})
		for _, text := range each.Objects {
			o, err := served(text)
			if err == nil {
				err = region.add(o)
			}
			if err != nil {
				return nil, fmt.Errorf("reading the stack: %s: %s %s: %w", each.Name, o.kind, o.key, err)
			}
		}
		s.Regions = append(s.Regions, region)
	}
	return s, nil
}

// served returns an object as an API server holds it.
func served(text []byte) (object, error) {
	var header struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Namespace string `json:"namespace"`
			Name      string `json:"name"`
		} `json:"metadata"`
	}
	err := json.Unmarshal(text, &header)
	return object{header.Kind, Key{header.Metadata.Namespace, header.Metadata.Name}, text}, err
}
