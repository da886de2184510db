package world

import (
	"net/netip"
	"strings"

	"geo-wordpress/tools/conformance/authority"
	"geo-wordpress/tools/conformance/declared"
	"geo-wordpress/tools/conformance/googlecloud"
	"geo-wordpress/tools/conformance/netns"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// GoogleCloud starts what the pods reach of Google Cloud, with the roles that the stack declares, and with its objects in a
// directory, in which each bucket is a directory. Pods that start later trust it.
func (w *World) GoogleCloud(directory string) *googlecloud.Cloud {
	w.t.Helper()
	storage := netip.MustParseAddr("203.0.113.42")
	if err := w.Network.Assign(storage); err != nil {
		w.t.Fatal(err)
	}
	for name, address := range map[string]netip.Addr{googlecloud.StorageHost: storage, "metadata.google.internal": netns.Resolver} {
		w.Names.Set(name, func() []netip.Addr { return []netip.Addr{address} })
	}
	trusted, err := authority.New()
	if err != nil {
		w.t.Fatal(err)
	}
	certificate, err := trusted.Certificate(googlecloud.StorageHost)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Authority = trusted.PEM
	cloud, err := googlecloud.Start(googlecloud.Options{
		Metadata: netns.Resolver, Storage: storage, Certificate: *certificate, Directory: directory, Account: w.account,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(cloud.Close)
	for _, grant := range w.Stack.Grants() {
		cloud.Objects.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: grant.Bucket})
		cloud.Grant(grant.Bucket, grant.Role, grant.Member)
	}
	return cloud
}

// account returns the service account of Google Cloud that the pod of an address acts as.
func (w *World) account(address netip.Addr) string {
	for _, p := range w.Running() {
		if p.Network.Address != address {
			continue
		}
		account := p.Region.Accounts[declared.Key{Namespace: p.Namespace, Name: p.Spec().ServiceAccountName}]
		if account == nil {
			return ""
		}
		return strings.TrimSpace(account.Annotations["iam.gke.io/gcp-service-account"])
	}
	return ""
}
