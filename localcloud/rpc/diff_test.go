package rpc

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type differ struct{ plugin.UnimplementedProvider }

func (*differ) Diff(context.Context, plugin.DiffRequest) (plugin.DiffResult, error) {
	return plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: map[string]plugin.PropertyDiff{
		"spec.template.image": {Kind: plugin.DiffUpdate}, "spec.replicas": {Kind: plugin.DiffUpdate},
		"name": {Kind: plugin.DiffUpdateReplace}}}, nil
}

func TestChangedPathsComeWithTheirTopLevelProperties(t *testing.T) {
	r, err := adapt(&differ{}).Diff(context.Background(),
		&pulumirpc.DiffRequest{Urn: "urn:pulumi:stack::project::pkg:mod:Type::name"})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"spec", "spec.template.image", "spec.replicas", "name"}, r.Diffs)
	assert.Equal(t, []string{"name"}, r.Replaces)
}
