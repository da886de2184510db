package controlplane

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"geo-wordpress/localcloud/cloud"
	"geo-wordpress/localcloud/home"
	"geo-wordpress/localcloud/ports"
)

const (
	clusterFile = "cluster.json"
	// operator is the user name of a person, or Pulumi on their behalf, in every cluster.
	operator = "local-operator"
)

// settings is the content of a cluster's cluster.json.
type settings struct {
	Cluster cloud.Cluster `json:"cluster"`
	// Port of the endpoint. It stays the same while the cluster exists, because kubeconfigs contain it.
	Port int `json:"port"`
	// ServerPort is the API server's own port, which the components and the machines use.
	ServerPort int `json:"serverPort"`
}

func (s settings) endpoint() string  { return fmt.Sprintf("127.0.0.1:%d", s.Port) }
func (s settings) serverURL() string { return fmt.Sprintf("https://127.0.0.1:%d", s.ServerPort) }

var idPart = regexp.MustCompile(`^[a-z0-9]([a-z0-9.:-]{0,61}[a-z0-9])?$`)

// dirName is the name of a cluster's directory, project_location_name: none of the three may hold an underscore.
func dirName(c cloud.Cluster) (string, error) {
	for name, part := range map[string]string{"project": c.Project, "location": c.Location, "name": c.Name} {
		if !idPart.MatchString(part) {
			return "", fmt.Errorf("cluster %q: its %s, %q, must consist of lower-case letters, digits, dots and hyphens",
				c.ID, name, part)
		}
	}
	if want := "projects/" + c.Project + "/locations/" + c.Location + "/clusters/" + c.Name; c.ID != want {
		return "", fmt.Errorf("cluster ID %q must be %q", c.ID, want)
	}
	return strings.Join([]string{c.Project, c.Location, c.Name}, "_"), nil
}

// create creates a cluster's directory atomically.
func create(parent string, c cloud.Cluster) (s settings, dir string, err error) {
	name, err := dirName(c)
	if err != nil {
		return settings{}, "", err
	}
	if !c.ServiceRange.IsValid() || !c.ServiceRange.Addr().Is4() || c.ServiceRange.Bits() > 30 {
		return settings{}, "", fmt.Errorf("cluster %s: the range for Services, %q, must be an IPv4 prefix of at most 30 bits",
			c.ID, c.ServiceRange)
	}
	s = settings{Cluster: c}
	for _, port := range []*int{&s.Port, &s.ServerPort} {
		if *port, err = ports.Free(); err != nil {
			return settings{}, "", err
		}
	}

	work, err := os.MkdirTemp(parent, temporaryPrefix+"*") // mode 0700
	if err != nil {
		return settings{}, "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("cannot create the control plane of %s: %w", c.ID, err), os.RemoveAll(work))
		}
	}()
	for _, sub := range []string{"pki", "config", "data", "run", "log"} {
		if err := os.Mkdir(filepath.Join(work, sub), 0o700); err != nil {
			return settings{}, "", err
		}
	}
	if err := writePKI(filepath.Join(work, "pki"), c); err != nil {
		return settings{}, "", err
	}
	if err := writeConfig(work, s); err != nil {
		return settings{}, "", err
	}
	if err := home.WriteJSON(filepath.Join(work, clusterFile), s); err != nil {
		return settings{}, "", err
	}
	dir = filepath.Join(parent, name)
	return s, dir, os.Rename(work, dir)
}

func writeConfig(dir string, s settings) error {
	write := func(file, content string) error {
		return os.WriteFile(filepath.Join(dir, config(file)), []byte(content), 0o600)
	}
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	token := base64.RawURLEncoding.EncodeToString(random)
	return errors.Join(
		write(authenticationFile, anonymousHealth),
		write(tokenFile, fmt.Sprintf("%s,%s,%s,system:masters\n", token, operator, operator)),
		writeKubeconfig(dir, s, controllerManagerFile, controllerManagerCertificate),
		writeKubeconfig(dir, s, schedulerFile, schedulerCertificate),
	)
}

// writeKubeconfig writes a component's kubeconfig, with the paths of its certificates relative to the file.
func writeKubeconfig(dir string, s settings, file, certificate string) error {
	const name = "cluster"
	relative := func(path string) string { return filepath.Join("..", path) }
	path := filepath.Join(dir, config(file))
	return clientcmd.WriteToFile(api.Config{
		Clusters: map[string]*api.Cluster{name: {
			Server: s.serverURL(), CertificateAuthority: relative(pki(caCertificate)),
		}},
		AuthInfos: map[string]*api.AuthInfo{name: {
			ClientCertificate: relative(pki(certificate)), ClientKey: relative(pki(keyOf(certificate))),
		}},
		Contexts:       map[string]*api.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	}, path)
}

// load reads a cluster's settings from its directory.
func load(dir string) (settings, error) {
	path := filepath.Join(dir, clusterFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return settings{}, err
	}
	var s settings
	if err := json.Unmarshal(content, &s); err != nil {
		return settings{}, fmt.Errorf("%s: %w", path, err)
	}
	if s.Cluster.ID == "" || s.Port == 0 || s.ServerPort == 0 {
		return settings{}, fmt.Errorf("%s lacks the cluster or its ports", path)
	}
	return s, nil
}

// config is the administrator's client configuration of the cluster.
func (p *plane) config() (*rest.Config, error) {
	read := func(file string) (content []byte, err error) { return os.ReadFile(filepath.Join(p.dir, pki(file))) }
	ca, errCA := read(caCertificate)
	certificate, errCertificate := read(adminCertificate)
	key, errKey := read(keyOf(adminCertificate))
	if err := errors.Join(errCA, errCertificate, errKey); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", p.settings.Cluster.ID, err)
	}
	return &rest.Config{
		Host:            p.settings.serverURL(),
		TLSClientConfig: rest.TLSClientConfig{CAData: ca, CertData: certificate, KeyData: key},
		// The API server itself queues excess requests (API priority and fairness).
		QPS:   500,
		Burst: 1000,
		// Warnings are for authors of manifests; these clients are the cloud's own.
		WarningHandler: rest.NoWarnings{},
	}, nil
}

// ErrNoCluster means that no cluster has an address.
var ErrNoCluster = errors.New("no cluster of the local cloud has this address")

// Token returns the operator's token for the cluster whose endpoint has the URL, from the state in dir (Options.Dir).
// It returns ErrNoCluster if there is none.
func Token(dir, server string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), temporaryPrefix) {
			continue
		}
		cluster := filepath.Join(dir, entry.Name())
		s, err := load(cluster)
		if err != nil || "https://"+s.endpoint() != strings.TrimSuffix(server, "/") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(cluster, config(tokenFile)))
		if err != nil {
			return "", err
		}
		token, _, _ := strings.Cut(string(content), ",")
		return token, nil
	}
	return "", fmt.Errorf("%s: %w", server, ErrNoCluster)
}
