package provider

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"

	"geo-wordpress/localcloud/gcp/api"
)

// requestError is an error of the API, printed as Google's provider does.
type requestError struct {
	doing string // "creating Network"
	cause error
}

func (e *requestError) Error() string { return "Error " + e.doing + ": " + e.cause.Error() }

func (e *requestError) Unwrap() error { return e.cause }

// partial is the error for a resource that exists but is incomplete: the engine keeps it in its state, so that a later
// update retries and a destroy removes it.
func partial(r *api.Record, in resource.PropertyMap, cause error) error {
	opts := plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true}
	out, err := plugin.MarshalProperties(properties(r.Outputs, r.Secrets), opts)
	if err != nil {
		return errors.Join(cause, err)
	}
	inputs, err := plugin.MarshalProperties(in, opts)
	if err != nil {
		return errors.Join(cause, err)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, cause.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: r.ID, Properties: out, Inputs: inputs, Reasons: []string{cause.Error()}})
}
