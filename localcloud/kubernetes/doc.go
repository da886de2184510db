// Package kubernetes stands in for the pulumi-kubernetes provider (v4.23.0 is the measure): it manages any kind that an
// API server's discovery knows, by server-side apply, against a real API server.
//
// What the published provider does is done here too: names made up from the resource's name, default namespaces, the
// same changes that replace an object, previews that ask the API server (dry run), waits until an object is ready with
// an account of what is in the way when it does not get there, the pulumi.com annotations, and the same form of state,
// so that a stack may change over between the two.
//
// It differs where the published provider looks beyond its own configuration, because this one runs in a daemon whose
// surroundings are not those of the program: it never falls back to $KUBECONFIG or ~/.kube/config (a provider without
// a kubeconfig is an error), and it reads no PULUMI_K8S_* variables. It offers no Patch resources, no client-side
// apply, no rendering of YAML, no Helm, no Kustomize and no YAML components: it says so when asked.
package kubernetes
