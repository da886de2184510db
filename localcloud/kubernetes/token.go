package kubernetes

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// kindOf reads the API kind from a resource type, kubernetes:GROUP/VERSION:Kind, where the core group goes by "core".
// It refuses the types that stand for no kind of object.
func kindOf(t tokens.Type) (schema.GroupVersionKind, error) {
	module, kind := string(t.Module().Name()), string(t.Name())
	group, version, ok := strings.Cut(module, "/")
	switch {
	case t.Package() != "kubernetes":
		return schema.GroupVersionKind{}, fmt.Errorf("%s is no resource type of the kubernetes provider", t)
	case group == "helm.sh", group == "yaml", group == "kustomize":
		return schema.GroupVersionKind{}, unsupported(string(t))
	case !ok || group == "" || version == "" || strings.Contains(version, "/") || kind == "":
		return schema.GroupVersionKind{}, fmt.Errorf(
			"%s is no resource type of the form kubernetes:GROUP/VERSION:Kind, such as kubernetes:apps/v1:Deployment", t)
	}
	if group == "core" {
		group = ""
	}
	return schema.GroupVersionKind{Group: group, Version: version, Kind: kind}, nil
}

// isList says whether a kind is a list of Kubernetes' own kinds, which is a form of answer and no object. (A custom
// kind may well be called AllowList.)
func isList(gvk schema.GroupVersionKind) bool {
	return strings.HasSuffix(gvk.Kind, "List") && scheme.Scheme.Recognizes(gvk)
}

// isPatch says whether a type is a Patch resource: the kind it names is then that of the inputs with "Patch" added.
func isPatch(gvk schema.GroupVersionKind, inputKind string) bool {
	base, ok := strings.CutSuffix(gvk.Kind, "Patch")
	return ok && base != "" && inputKind != gvk.Kind
}
