package main

import (
	"context"

	"github.com/pingcap/kvproto/pkg/kvrpcpb"
	"github.com/pingcap/kvproto/pkg/tikvpb"
	"google.golang.org/grpc"
)

// inTwoPhases are the server's options that make every transaction commit in two phases. TiKV commits small ones in one
// phase, or asynchronously, and keeps them in memory until they can be read. unistore lacks that memory (prewriteOptimistic
// in its mvcc.go), so a transaction could miss a commit that is older than itself: INSERT .. ON DUPLICATE KEY UPDATE in two
// regions at once then failed with "Duplicate entry". TiDB falls back to two phases if a store does not take the offer.
func inTwoPhases() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			if prewrite, ok := request.(*kvrpcpb.PrewriteRequest); ok {
				decline(prewrite)
			}
			return handle(ctx, request)
		}),
		grpc.StreamInterceptor(func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			return handle(server, batches{stream})
		}),
	}
}

// batches is a stream in which TiDB sends several requests at once.
type batches struct{ grpc.ServerStream }

func (b batches) RecvMsg(message any) error {
	if err := b.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	if batch, ok := message.(*tikvpb.BatchCommandsRequest); ok {
		for _, request := range batch.Requests {
			decline(request.GetPrewrite())
		}
	}
	return nil
}

func decline(prewrite *kvrpcpb.PrewriteRequest) {
	if prewrite != nil {
		prewrite.TryOnePc, prewrite.UseAsyncCommit = false, false
	}
}
