package controlplane_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/controlplane"
)

// One control plane serves all subtests.
func TestControlPlane(t *testing.T) {
	dir, c := t.TempDir(), cluster("one")
	m := open(t, dir)
	access, client := ensure(t, m, c)
	home := filepath.Join(dir, "test-project_europe-west1-b_one")
	f := fixture{m, dir, home, c, access, client}

	t.Run("anonymous clients see health alone", f.anonymous)
	t.Run("certificates of strangers are refused", f.certificates)
	t.Run("the operator's token", f.token)
	t.Run("names of the server certificate", f.serverNames)
	t.Run("service accounts are GKE's", f.issuer)
	t.Run("Pod Security is enforced", f.podSecurity)
	t.Run("controllers and scheduler work", f.controllers)
	t.Run("files are the owner's alone", f.files)
	t.Run("nothing listens beyond the loopback interface", f.listeners)
	t.Run("no secret is among the arguments", f.arguments)
}

type fixture struct {
	m         *controlplane.Manager
	dir, home string
	cluster   cloud.Cluster
	access    cloud.Access
	client    *kubernetes.Clientset
}

func (f fixture) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(f.access.CACertificate)
	return pool
}

func (f fixture) anonymous(t *testing.T) {
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: f.pool()}}}
	for path, want := range map[string]int{
		"/readyz": 200, "/livez": 200, "/healthz": 200,
		"/version": 401, "/api": 401, "/metrics": 401, "/api/v1/namespaces": 401, "/openid/v1/jwks": 401,
	} {
		response, err := client.Get("https://" + f.access.Endpoint + path)
		require.NoError(t, err)
		_ = response.Body.Close()
		assert.Equal(t, want, response.StatusCode, path)
	}
}

// certify creates a client certificate for a user, signed by the cluster's own authority or by an unknown one.
func (f fixture) certify(t *testing.T, own bool, user string, groups ...string) rest.TLSClientConfig {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: user, Organization: groups},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	parent, signer := template, any(key)
	if own {
		pair, err := tls.LoadX509KeyPair(filepath.Join(f.home, "pki", "ca.crt"), filepath.Join(f.home, "pki", "ca.key"))
		require.NoError(t, err)
		parent, signer = pair.Leaf, pair.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return rest.TLSClientConfig{
		CAData:   f.access.CACertificate,
		CertData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		KeyData:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}

func (f fixture) certificates(t *testing.T) {
	// The endpoint accepts no client certificates: connect to the API server directly.
	components, err := f.m.Config(f.cluster.ID)
	require.NoError(t, err)
	list := func(config rest.TLSClientConfig) error {
		client, err := kubernetes.NewForConfig(&rest.Config{Host: components.Host, TLSClientConfig: config})
		require.NoError(t, err)
		_, err = client.CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{})
		return err
	}
	err = list(f.certify(t, false, "mallory", "system:masters"))
	assert.True(t, apierrors.IsUnauthorized(err), "of an unknown authority: %v", err)
	err = list(f.certify(t, true, "nobody"))
	assert.True(t, apierrors.IsForbidden(err), "of an unknown user: %v", err)
	// RBAC's default bindings: a component may do only its own work, and the scheduler may not read secrets.
	assert.True(t, apierrors.IsForbidden(list(f.certify(t, true, "system:kube-scheduler"))))
	assert.NoError(t, list(f.certify(t, true, "someone", "system:masters")), "the test's certificates are sound")
}

func (f fixture) token(t *testing.T) {
	token, err := controlplane.Token(f.dir, "https://"+f.access.Endpoint)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(token), 40)
	connect := func(token string) *kubernetes.Clientset {
		client, err := kubernetes.NewForConfig(&rest.Config{
			Host: "https://" + f.access.Endpoint, BearerToken: token,
			TLSClientConfig: rest.TLSClientConfig{CAData: f.access.CACertificate},
		})
		require.NoError(t, err)
		return client
	}
	review, err := connect(token).AuthenticationV1().SelfSubjectReviews().Create(t.Context(),
		&authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	require.NoError(t, err)
	assert.Equal(t, "local-operator", review.Status.UserInfo.Username)
	assert.Contains(t, review.Status.UserInfo.Groups, "system:masters")
	_, err = connect(token+"x").CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
	assert.True(t, apierrors.IsUnauthorized(err), "%v", err)
	for _, other := range []string{"https://127.0.0.1:1", "https://example.org", f.access.Endpoint, ""} {
		_, err := controlplane.Token(f.dir, other)
		assert.ErrorIs(t, err, controlplane.ErrNoCluster, "a token for %q", other)
	}
}

func (f fixture) serverNames(t *testing.T) {
	connection, err := tls.Dial("tcp", f.access.Endpoint, &tls.Config{RootCAs: f.pool()})
	require.NoError(t, err)
	defer connection.Close()
	certificate := connection.ConnectionState().PeerCertificates[0]
	for _, name := range []string{"127.0.0.1", "10.8.0.1", "kubernetes.default.svc", "kubernetes.default.svc.one.test"} {
		assert.NoError(t, certificate.VerifyHostname(name))
	}
	service, err := f.client.CoreV1().Services("default").Get(t.Context(), "kubernetes", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, "10.8.0.1", service.Spec.ClusterIP, "the first address of the Service range is in the certificate")
}

func (f fixture) issuer(t *testing.T) {
	request, err := f.client.CoreV1().ServiceAccounts("default").CreateToken(t.Context(), "default",
		&authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	require.NoError(t, err)
	parts := strings.Split(request.Status.Token, ".")
	require.Len(t, parts, 3)
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims struct {
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
	}
	require.NoError(t, json.Unmarshal(payload, &claims))
	assert.Equal(t, "https://container.googleapis.com/v1/"+f.cluster.ID, claims.Issuer)
	assert.Equal(t, "system:serviceaccount:default:default", claims.Subject)

	client, err := kubernetes.NewForConfig(&rest.Config{
		Host: "https://" + f.access.Endpoint, BearerToken: request.Status.Token,
		TLSClientConfig: rest.TLSClientConfig{CAData: f.access.CACertificate},
	})
	require.NoError(t, err)
	_, err = client.CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{})
	assert.True(t, apierrors.IsForbidden(err), "a pod's account has no rights of its own: %v", err)
}

func (f fixture) podSecurity(t *testing.T) {
	_, err := f.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: "restricted", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}, metav1.CreateOptions{})
	require.NoError(t, err)
	// Wait for the namespace's service account, so that its absence does not cause the refusal.
	require.Eventually(t, func() bool {
		_, err := f.client.CoreV1().ServiceAccounts("restricted").Get(t.Context(), "default", metav1.GetOptions{})
		return err == nil
	}, patience, 20*time.Millisecond)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "root"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "busybox:1.36"}}},
	}
	_, err = f.client.CoreV1().Pods("restricted").Create(t.Context(), pod, metav1.CreateOptions{})
	assert.ErrorContains(t, err, `violates PodSecurity "restricted`)
	_, err = f.client.CoreV1().Pods("default").Create(t.Context(), pod, metav1.CreateOptions{})
	assert.NoError(t, err, "elsewhere it is admitted")
}

func (f fixture) controllers(t *testing.T) {
	labels := map[string]string{"app": "web"}
	replicas := int32(2)
	_, err := f.client.AppsV1().Deployments("default").Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "busybox:1.36"}}},
			},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	// The controller manager creates the pods, and the scheduler reports that there is no node for them.
	require.Eventually(t, func() bool {
		pods, err := f.client.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
		if err != nil || len(pods.Items) != 2 {
			return false
		}
		for _, pod := range pods.Items {
			if !strings.Contains(fmt.Sprint(pod.Status.Conditions), "no nodes available to schedule pods") {
				return false
			}
		}
		return true
	}, patience, 50*time.Millisecond)
}

func (f fixture) files(t *testing.T) {
	require.NoError(t, filepath.WalkDir(f.home, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		assert.Zero(t, info.Mode().Perm()&0o077, "%s is %s", path, info.Mode())
		return nil
	}))
}

func (f fixture) arguments(t *testing.T) {
	token, err := controlplane.Token(f.dir, "https://"+f.access.Endpoint)
	require.NoError(t, err)
	for name, pid := range pids(t, f.m, f.cluster.ID) {
		for _, file := range []string{"cmdline", "environ"} {
			content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
			if err != nil {
				t.Skip("needs procfs")
			}
			assert.NotContains(t, string(content), token, "%s of %s", file, name)
			assert.NotContains(t, string(content), "PULUMI_", "%s of %s", file, name)
		}
	}
}

func (f fixture) listeners(t *testing.T) {
	listening := map[string]string{} // local address by the socket's inode
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err != nil {
			t.Skip("needs procfs")
		}
		for line := range strings.Lines(string(content)) {
			if fields := strings.Fields(line); len(fields) > 9 && fields[3] == "0A" {
				listening[fields[9]] = fields[1]
			}
		}
	}
	found := 0
	for name, pid := range pids(t, f.m, f.cluster.ID) {
		links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		require.NoError(t, err)
		for _, link := range links {
			target, _ := os.Readlink(link)
			inode := strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]")
			address, ok := listening[inode]
			if !ok {
				continue
			}
			found++
			assert.True(t, strings.HasPrefix(address, "0100007F:"), "%s listens on %s", name, address)
		}
	}
	assert.Equal(t, 1, found, "the API server's port is the only one of a control plane")
}
