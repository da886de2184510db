package stacktest

import (
	"fmt"
	"net"
	"slices"
	"time"

	"geo-wordpress/config/configtest"
	"geo-wordpress/stack"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// Stack is the name of the stack that is run.
const Stack = "dev"

// Options say how to run the program.
type Options struct {
	// Preview runs a preview of a stack that does not exist yet: values that only the cloud knows are unknown.
	Preview bool
	// Fail, if set, is called for every resource before its registration; the engine returns its error.
	Fail func(*Resource) error
	// Last is the run that left the stack's state; nil if there is no state yet.
	Last *Graph
	// Now is the moment; if zero, the present one.
	Now time.Time
	// Rekeyed makes the certificates' keys others than without.
	Rekeyed bool
	// SecretKeys are the configuration's encrypted keys; if nil, those that must be.
	SecretKeys []string
}

// Run runs the program on a configuration in the form of pulumi.RunInfo.Config. It returns what was registered, also
// when the program fails; the error is the program's.
func Run(values map[string]string, options Options) (*Graph, error) {
	program, option := stack.Program(func() time.Time {
		if options.Now.IsZero() {
			return time.Now()
		}
		return options.Now
	})
	return RunProgram(program, values, options, option)
}

// RunProgram is Run for another program.
func RunProgram(program pulumi.RunFunc, values map[string]string, options Options, more ...pulumi.RunOption) (*Graph, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the program: %w", err)
	}
	m := &monitor{
		graph:   &Graph{Preview: options.Preview, byURN: map[string]*Resource{}},
		options: options,
		cloud:   cloud{project: values["gcp:project"], preview: options.Preview, rekeyed: options.Rekeyed},
	}
	if options.SecretKeys == nil {
		options.SecretKeys = configtest.Encrypted()
	}
	server := grpc.NewServer()
	pulumirpc.RegisterResourceMonitorServer(server, m)
	pulumirpc.RegisterEngineServer(server, &engine{monitor: m})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		server.Stop()
		<-served
	}()

	err = pulumi.RunErr(program, slices.Insert(more, 0, func(info *pulumi.RunInfo) {
		info.Organization, info.Project, info.Stack = "organization", configtest.Project, Stack
		info.Config, info.ConfigSecretKeys = values, options.SecretKeys
		info.DryRun = options.Preview
		info.MonitorAddr = listener.Addr().String()
		info.EngineAddr = info.MonitorAddr
	})...)
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.graph, err
}
