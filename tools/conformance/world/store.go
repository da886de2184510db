package world

import (
	"context"
	"errors"
	"fmt"
	"time"

	"geo-wordpress/tools/conformance/kubelet"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// StandInForTiKV registers one TiKV store with the Placement Drivers, with the address and labels of a region's, as the
// store itself would: it bootstraps the cluster, or finds the store in a cluster bootstrapped before, and sends
// heartbeats until the test ends. There is no store behind it.
func (w *World) StandInForTiKV(pds []*kubelet.Pod) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.t.Cleanup(cancel)
	region := w.Stack.Regions[0]
	key, _ := region.Service("tikv")
	store := &metapb.Store{
		Address: fmt.Sprintf("%s.%s.svc.%s:20160", key.Name, key.Namespace, region.DNSDomain),
		Version: "8.5.0",
		State:   metapb.StoreState_Up,
		Labels:  []*metapb.StoreLabel{{Key: "region", Value: region.Name}, {Key: "zone", Value: region.Name}},
	}
	w.Eventually(3*time.Minute, "PD knows of a store", func() (err error) {
		for _, pd := range pds {
			if err = announce(ctx, pd, store); err == nil {
				return nil
			}
		}
		return err
	})
	go func() {
		for ctx.Err() == nil {
			for _, pd := range pds {
				_ = heartbeat(ctx, pd, store)
			}
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Second):
			}
		}
	}()
}

// with calls a Placement Driver. Only the leader accepts the call.
func with(ctx context.Context, pd *kubelet.Pod, call func(context.Context, pdpb.PDClient, *pdpb.RequestHeader) error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	connection, err := grpc.NewClient(pd.Network.Address.String()+":2379", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	client := pdpb.NewPDClient(connection)
	members, err := client.GetMembers(ctx, &pdpb.GetMembersRequest{})
	if err != nil {
		return err
	}
	return call(ctx, client, &pdpb.RequestHeader{ClusterId: members.GetHeader().GetClusterId()})
}

func announce(ctx context.Context, pd *kubelet.Pod, store *metapb.Store) error {
	return with(ctx, pd, func(ctx context.Context, client pdpb.PDClient, header *pdpb.RequestHeader) error {
		id := func() (uint64, error) {
			answer, err := client.AllocID(ctx, &pdpb.AllocIDRequest{Header: header})
			return answer.GetId(), problem(err, answer.GetHeader())
		}
		bootstrapped, err := client.IsBootstrapped(ctx, &pdpb.IsBootstrappedRequest{Header: header})
		if err := problem(err, bootstrapped.GetHeader()); err != nil {
			return err
		}
		if bootstrapped.GetBootstrapped() {
			return find(ctx, client, header, store)
		}
		if store.Id, err = id(); err != nil {
			return err
		}
		data, err := id()
		if err != nil {
			return err
		}
		peer, err := id()
		if err != nil {
			return err
		}
		answer, err := client.Bootstrap(ctx, &pdpb.BootstrapRequest{
			Header: header,
			Store:  store,
			Region: &metapb.Region{
				Id:          data,
				RegionEpoch: &metapb.RegionEpoch{ConfVer: 1, Version: 1},
				Peers:       []*metapb.Peer{{Id: peer, StoreId: store.Id}},
			},
		})
		if err := problem(err, answer.GetHeader()); err != nil {
			return err
		}
		put, err := client.PutStore(ctx, &pdpb.PutStoreRequest{Header: header, Store: store})
		return problem(err, put.GetHeader())
	})
}

// find takes over the ID of the store that the cluster knows at the address.
func find(ctx context.Context, client pdpb.PDClient, header *pdpb.RequestHeader, store *metapb.Store) error {
	answer, err := client.GetAllStores(ctx, &pdpb.GetAllStoresRequest{Header: header})
	if err := problem(err, answer.GetHeader()); err != nil {
		return err
	}
	for _, known := range answer.GetStores() {
		if known.GetAddress() == store.Address {
			store.Id = known.GetId()
			return nil
		}
	}
	return fmt.Errorf("the cluster has stores already, and none at %s", store.Address)
}

func heartbeat(ctx context.Context, pd *kubelet.Pod, store *metapb.Store) error {
	return with(ctx, pd, func(ctx context.Context, client pdpb.PDClient, header *pdpb.RequestHeader) error {
		answer, err := client.StoreHeartbeat(ctx, &pdpb.StoreHeartbeatRequest{
			Header: header,
			Stats: &pdpb.StoreStats{
				StoreId:     store.Id,
				Capacity:    20 << 30,
				Available:   19 << 30,
				RegionCount: 1,
				StartTime:   uint32(time.Now().Unix()),
			},
		})
		return problem(err, answer.GetHeader())
	})
}

// problem returns the error of a call, or the one in its answer.
func problem(err error, header *pdpb.ResponseHeader) error {
	if err == nil && header.GetError() != nil {
		err = errors.New(header.GetError().String())
	}
	return err
}
