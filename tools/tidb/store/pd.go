package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"geo-wordpress/tools/tidb/unistore/pd"
	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// version is the version of TiKV that the store claims to be: TiDB's own.
const version = "8.5.6"

// interval is the time between two reports of all data regions. A new leader of the Placement Drivers may not know the
// leaders of data regions until it is told. TiKV reports when it connects to one, and every minute.
const interval = 5 * time.Second

// driver is the client of the Placement Drivers. It adds to the store's own what TiKV tells them.
type driver struct {
	pd.Client
	self metapb.Store // labels, version, status address
	// empty says that the cluster had data before this store. Without Raft it gets none, and reports none.
	empty bool

	lock    sync.Mutex
	regions map[uint64]*pdpb.RegionHeartbeatRequest // the last report of each data region
}

// newIdentity returns what a store tells of itself, beside its ID and address. Labels are key=value,...
func newIdentity(labels, status string) (metapb.Store, error) {
	self := metapb.Store{Version: version, StatusAddress: status, StartTimestamp: time.Now().Unix()}
	for _, label := range strings.FieldsFunc(labels, func(r rune) bool { return r == ',' }) {
		key, value, found := strings.Cut(label, "=")
		if !found {
			return self, fmt.Errorf("--labels: %q is not key=value", label)
		}
		self.Labels = append(self.Labels, &metapb.StoreLabel{Key: key, Value: value})
	}
	return self, nil
}

// named adds to a store's ID and address what else it tells of itself.
func (d *driver) named(store *metapb.Store) *metapb.Store {
	self := d.self
	self.Id, self.Address = store.Id, store.Address
	return &self
}

func (d *driver) Bootstrap(ctx context.Context, store *metapb.Store, region *metapb.Region) (*pdpb.BootstrapResponse, error) {
	answer, err := d.Client.Bootstrap(ctx, d.named(store), region)
	switch failed := answer.GetHeader().GetError(); {
	case err != nil || failed == nil:
	case failed.Type == pdpb.ErrorType_ALREADY_BOOTSTRAPPED:
		d.empty = true
	default:
		err = fmt.Errorf("bootstrapping the cluster: %s", failed)
	}
	return answer, err
}

func (d *driver) PutStore(ctx context.Context, store *metapb.Store) error {
	return d.Client.PutStore(ctx, d.named(store))
}

// ReportRegion reports a data region now, and from then on periodically.
func (d *driver) ReportRegion(request *pdpb.RegionHeartbeatRequest) {
	if d.empty {
		return
	}
	d.lock.Lock()
	if d.regions == nil {
		d.regions = map[uint64]*pdpb.RegionHeartbeatRequest{}
	}
	d.regions[request.Region.Id] = request
	d.lock.Unlock()
	d.Client.ReportRegion(copyOf(request))
}

// report repeats the reports of all data regions, for ever.
func (d *driver) report() {
	for range time.Tick(interval) {
		for _, request := range d.leading() {
			d.Client.ReportRegion(request)
		}
	}
}

// leading returns the last report of each data region.
func (d *driver) leading() (all []*pdpb.RegionHeartbeatRequest) {
	d.lock.Lock()
	defer d.lock.Unlock()
	for _, request := range d.regions {
		all = append(all, copyOf(request))
	}
	return all
}

// copyOf returns a request of its own: the client changes what it sends.
func copyOf(request *pdpb.RegionHeartbeatRequest) *pdpb.RegionHeartbeatRequest {
	return &pdpb.RegionHeartbeatRequest{Region: request.Region, Leader: request.Leader, ApproximateSize: request.ApproximateSize}
}
