package daemon

import (
	"context"
	"log/slog"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/kubernetes"
	"geo-wordpress/localcloud/random"
)

// localCloud is the system that stands in for Google Cloud.
type localCloud struct {
	log *slog.Logger
}

func assemble(_ home.Home, _ cloud.ControlPlanes, log *slog.Logger) (System, error) {
	return &localCloud{log: log}, nil
}

func (l *localCloud) Providers() map[string]cloud.Provider {
	return map[string]cloud.Provider{
		"kubernetes": func() plugin.Provider { return kubernetes.New(kubernetes.Options{Log: l.log}) },
		"random":     random.New,
	}
}

func (l *localCloud) Resume(context.Context) error { return nil }

func (l *localCloud) Resources() []Resource { return nil }

func (l *localCloud) Close() error { return nil }
