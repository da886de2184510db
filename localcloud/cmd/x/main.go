package main
import (
 _ "k8s.io/kubernetes/cmd/kube-apiserver/app"
 _ "k8s.io/kubernetes/cmd/kube-controller-manager/app"
 _ "k8s.io/kubernetes/cmd/kube-scheduler/app"
 _ "go.etcd.io/etcd/server/v3/embed"
 _ "k8s.io/kubectl/pkg/cmd"
 _ "github.com/pulumi/pulumi/sdk/v3/proto/go"
 _ "github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
 _ "sigs.k8s.io/cli-utils/pkg/kstatus/status"
 _ "k8s.io/client-go/dynamic"
)
func main(){}
