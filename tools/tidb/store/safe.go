package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"geo-wordpress/tools/tidb/unistore/tikv"
	"github.com/pingcap/kvproto/pkg/kvrpcpb"
	"github.com/pingcap/log"
	"go.uber.org/zap"
)

// advanceInterval is the time between two safe timestamps, as tikv.toml declares it for TiKV.
const advanceInterval = time.Second

// safeTimes adds TiKV's safe timestamp to the store: no transaction commits at or before it any more, so a stale read at
// that timestamp needs no leader. TiKV's followers lag behind their leaders; this store has none.
type safeTimes struct {
	*tikv.Server
	driver *driver
	safe   atomic.Uint64
}

// GetStoreSafeTS is asked by TiDB every two seconds.
func (s *safeTimes) GetStoreSafeTS(context.Context, *kvrpcpb.StoreSafeTSRequest) (*kvrpcpb.StoreSafeTSResponse, error) {
	return &kvrpcpb.StoreSafeTSResponse{SafeTs: s.safe.Load()}, nil
}

// advance moves the safe timestamp on, for ever. A new commit gets a timestamp after PD's present one, unless its
// transaction holds locks already.
func (s *safeTimes) advance() {
	for range time.Tick(advanceInterval) {
		now, err := s.driver.now()
		if err == nil {
			now, err = s.beforeLocks(now)
		}
		if err != nil {
			log.Warn("the safe timestamp stays", zap.Error(err))
		} else if now > s.safe.Load() {
			s.safe.Store(now)
		}
	}
}

// beforeLocks returns the latest timestamp, at most t, before all transactions that hold locks.
func (s *safeTimes) beforeLocks(t uint64) (uint64, error) {
	for _, region := range s.driver.leading() {
		answer, err := s.KvScanLock(context.Background(), &kvrpcpb.ScanLockRequest{
			Context: &kvrpcpb.Context{
				RegionId:    region.Region.Id,
				RegionEpoch: region.Region.RegionEpoch,
				Peer:        region.Leader,
			},
			MaxVersion: t,
			Limit:      1024,
		})
		switch {
		case err != nil:
			return 0, err
		case answer.RegionError != nil: // it has just been split
			return 0, fmt.Errorf("region %d: %s", region.Region.Id, answer.RegionError)
		}
		for _, lock := range answer.Locks {
			if lock.LockType != kvrpcpb.Op_PessimisticLock {
				t = min(t, lock.LockVersion-1)
			}
		}
	}
	return t, nil
}

// now is PD's timestamp.
func (d *driver) now() (uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), advanceInterval)
	defer cancel()
	physical, logical, err := d.GetTS(ctx)
	return uint64(physical)<<18 + uint64(logical), err
}
