package world

import (
	"context"
	"errors"
	"fmt"

	"geo-wordpress/tools/conformance/kubelet"

	"github.com/pingcap/kvproto/pkg/pdpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Timestamp returns the next timestamp of the cluster, as TiDB requests one for every statement. It asks all Placement
// Drivers at once, and the leader answers. Later timestamps are greater.
func Timestamp(ctx context.Context, cluster uint64, pds ...*kubelet.Pod) (uint64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		timestamp uint64
		err       error
	}
	answers := make(chan answer, len(pds))
	for _, pd := range pds {
		go func() {
			timestamp, err := timestamp(ctx, cluster, pd)
			answers <- answer{timestamp, err}
		}()
	}
	var all []error
	for range pds {
		a := <-answers
		if a.err == nil {
			return a.timestamp, nil
		}
		all = append(all, a.err)
	}
	return 0, errors.Join(all...)
}

func timestamp(ctx context.Context, cluster uint64, pd *kubelet.Pod) (uint64, error) {
	connection, err := grpc.NewClient("passthrough:///"+pd.Network.Address.String()+":2379", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	stream, err := pdpb.NewPDClient(connection).Tso(ctx)
	if err != nil {
		return 0, err
	}
	if err := stream.Send(&pdpb.TsoRequest{Header: &pdpb.RequestHeader{ClusterId: cluster}, Count: 1}); err != nil {
		return 0, err
	}
	answer, err := stream.Recv()
	if err := problem(err, answer.GetHeader()); err != nil {
		return 0, fmt.Errorf("a timestamp of %s: %w", pd.Region.Name, err)
	}
	const logicalBits = 18
	return uint64(answer.Timestamp.Physical)<<logicalBits + uint64(answer.Timestamp.Logical), nil
}
