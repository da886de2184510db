package controlplane

import (
	"path/filepath"
	"strconv"

	"geo-wordpress/localcloud/cloud"
)

// The components' names, each the first argument of its process.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
)

// LifelineEnv, set to 1, makes a component exit when its standard input closes. Its parent holds the other end of the
// pipe, so that the components of a killed parent end too.
const LifelineEnv = "LOCALCLOUD_LIFELINE"

// The files of a cluster's config directory.
const (
	authenticationFile    = "authentication.yaml"
	tokenFile             = "tokens.csv"
	controllerManagerFile = "controller-manager.kubeconfig"
	schedulerFile         = "scheduler.kubeconfig"
)

// etcdSocket is relative to the cluster's directory, in which all components run: a Unix socket's path is limited to
// about a hundred bytes, and the directory's own path may use them up.
const etcdSocket = "run/etcd.sock"

// anonymousHealth lets anonymous clients see whether the API server is up, and nothing else.
const anonymousHealth = `apiVersion: apiserver.config.k8s.io/v1beta1
kind: AuthenticationConfiguration
anonymous:
  enabled: true
  conditions:
  - path: /livez
  - path: /readyz
  - path: /healthz
`

// issuer is the issuer of a cluster's service-account tokens, as on GKE.
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
		"--enable-admission-plugins=NodeRestriction", // in addition to the defaults, such as PodSecurity
		"--allow-privileged=true",                    // as on GKE: Pod Security decides, by namespace

		"--service-account-issuer=" + issuer(c),
		"--service-account-key-file=" + pki(serviceAccountPublicKey),
		"--service-account-signing-key-file=" + pki(keyOf(serviceAccountPublicKey)),

		"--cert-dir=run", // for self-signed certificates
		"--profiling=false",
	}
}

func controllerManagerArguments(c cloud.Cluster) []string {
	return []string{
		ControllerManager,
		"--kubeconfig=" + config(controllerManagerFile),
		"--use-service-account-credentials=true",
		"--leader-elect=false", // there is only one
		"--secure-port=0",      // nobody scrapes it
		"--controllers=*",
		"--cloud-provider=external",
		"--cluster-name=" + c.Name,
		"--service-account-private-key-file=" + pki(keyOf(serviceAccountPublicKey)),
		"--root-ca-file=" + pki(caCertificate),
		"--cluster-signing-cert-file=" + pki(caCertificate),
		"--cluster-signing-key-file=" + pki(keyOf(caCertificate)),
		"--allocate-node-cidrs=false", // each machine brings its own range
		"--configure-cloud-routes=false",
		"--flex-volume-plugin-dir=run/flexvolume", // the default is under /usr
		// A tenth of the defaults, because the machines' work takes a tenth of its time.
		"--horizontal-pod-autoscaler-sync-period=1500ms",
		"--horizontal-pod-autoscaler-cpu-initialization-period=30s",
		"--horizontal-pod-autoscaler-initial-readiness-delay=3s",
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
