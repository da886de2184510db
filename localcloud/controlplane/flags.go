package controlplane

import (
	"path/filepath"
	"strconv"

	"geo-wordpress/localcloud/cloud"
)

// The components' names: the first argument of a process that is to be one.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
)

// LifelineEnv, set to 1, makes a component live only as long as its standard input stays open: its parent holds the
// other end of the pipe, so that even a parent that is killed takes its components with it.
const LifelineEnv = "LOCALCLOUD_LIFELINE"

// The files of a cluster's config directory.
const (
	authenticationFile    = "authentication.yaml"
	tokenFile             = "tokens.csv"
	controllerManagerFile = "controller-manager.kubeconfig"
	schedulerFile         = "scheduler.kubeconfig"
)

// etcdSocket is relative to the cluster's directory, where all components run: a Unix socket's path may have about a
// hundred bytes, and the directory's own may use them up.
const etcdSocket = "run/etcd.sock"

// anonymousHealth lets whoever has no credentials see whether the API server is up, and nothing else.
const anonymousHealth = `apiVersion: apiserver.config.k8s.io/v1beta1
kind: AuthenticationConfiguration
anonymous:
  enabled: true
  conditions:
  - path: /livez
  - path: /readyz
  - path: /healthz
`

// issuer is what GKE names as the issuer of a cluster's service-account tokens.
func issuer(c cloud.Cluster) string { return "https://container.googleapis.com/v1/" + c.ID }

func pki(file string) string    { return filepath.Join("pki", file) }
func config(file string) string { return filepath.Join("config", file) }

func etcdArguments() []string {
	return []string{Etcd, "--data-dir=data", "--socket=" + etcdSocket}
}

func apiServerArguments(c cloud.Cluster, port int) []string {
	return []string{
		APIServer,
		"--etcd-servers=unix://" + etcdSocket,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		// Endpoints of the Service default/kubernetes cannot be on the loopback interface.
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=" + c.ServiceRange.Masked().String(),

		"--tls-cert-file=" + pki(apiServerCertificate),
		"--tls-private-key-file=" + pki(keyOf(apiServerCertificate)),
		"--client-ca-file=" + pki(caCertificate),
		"--authentication-config=" + config(authenticationFile),
		"--token-auth-file=" + config(tokenFile),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction", // beside the default ones, PodSecurity among them
		"--allow-privileged=true",                    // as on GKE: Pod Security decides, by namespace

		"--service-account-issuer=" + issuer(c),
		"--service-account-key-file=" + pki(serviceAccountPublicKey),
		"--service-account-signing-key-file=" + pki(keyOf(serviceAccountPublicKey)),

		"--cert-dir=run", // where it would put a certificate of its own making
		"--profiling=false",
	}
}

func controllerManagerArguments(c cloud.Cluster) []string {
	return []string{
		ControllerManager,
		"--kubeconfig=" + config(controllerManagerFile),
		"--use-service-account-credentials=true",
		"--leader-elect=false", // there is one
		"--secure-port=0",      // nobody scrapes it
		"--controllers=*",
		"--cloud-provider=external",
		"--cluster-name=" + c.Name,
		"--service-account-private-key-file=" + pki(keyOf(serviceAccountPublicKey)),
		"--root-ca-file=" + pki(caCertificate),
		"--cluster-signing-cert-file=" + pki(caCertificate),
		"--cluster-signing-key-file=" + pki(keyOf(caCertificate)),
		"--allocate-node-cidrs=false", // a machine brings its range
		"--configure-cloud-routes=false",
		"--flex-volume-plugin-dir=run/flexvolume", // would be made under /usr
		"--kube-api-qps=100",
		"--kube-api-burst=200",
		"--profiling=false",
	}
}

func schedulerArguments() []string {
	return []string{
		Scheduler,
		"--kubeconfig=" + config(schedulerFile),
		"--leader-elect=false",
		"--secure-port=0",
		"--profiling=false",
	}
}
