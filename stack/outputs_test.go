package stack_test

import (
	"encoding/json"
	"maps"
	"slices"

	"geo-wordpress/stack/stacktest"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"pgregory.net/rapid"
)

var outputRules = []invariant{
	{"the outputs are those promised", theOutputsAreThosePromised},
	{"outputs are secret where they must be, and nowhere else", outputsAreSecretWhereTheyMustBe},
	{"the site is where the load balancer is", theSiteIsWhereTheLoadBalancerIs},
	{"the merged kubeconfig has a context for every region", theMergedKubeconfigHasAContext},
	{"each region is described", eachRegionIsDescribed},
}

func theOutputsAreThosePromised(t rapid.TB, s *system) {
	want := []string{"certificates_until", "database", "kubeconfig", "loadbalancer_ip", "regions", "site_url", "syncthing_devices"}
	database := []string{"name", "password", "rootPassword", "user"}
	for name, is := range map[string]bool{"admin": s.config.Site != nil, "backup_bucket": s.config.Backup != nil,
		"dns_records": s.config.Domain != "", "loadbalancer_ipv6": s.config.IPv6} {
		if is {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	var got []string
	for _, name := range s.Stack().Outputs.StableKeys() {
		got = append(got, string(name))
	}
	if !slices.Equal(got, want) {
		t.Fatalf("the outputs are %v, want %v", got, want)
	}
	if got := slices.Sorted(maps.Keys(s.output("database").(map[string]any))); !slices.Equal(got, database) {
		t.Errorf("database has %v, want %v", got, database)
	}
	for name, value := range map[string]any{"name": "wordpress", "user": "wordpress"} {
		if got := s.output("database").(map[string]any)[name]; got != value {
			t.Errorf("the database's %s is %v, want %v", name, got, value)
		}
	}
	if !s.Preview {
		for output, password := range map[string]string{"password": "credentials-database-wordpress", "rootPassword": "credentials-database-root"} {
			want := s.Only("random:index/randomPassword:RandomPassword", password).Output("result")
			if got := s.output("database").(map[string]any)[output]; got != want {
				t.Errorf("the database's %s is not %s", output, password)
			}
		}
	}
	if s.config.Site != nil && s.output("admin").(map[string]any)["user"] != s.config.Site.AdminUser {
		t.Errorf("the administrator is %v, want %s", s.output("admin"), s.config.Site.AdminUser)
	}
}

// output is the plain value of an output.
func (s *system) output(name string) any {
	return stacktest.Plain(s.Stack().Outputs[resource.PropertyKey(name)])
}

func outputsAreSecretWhereTheyMustBe(t rapid.TB, s *system) {
	secret := map[string]bool{
		".kubeconfig": true, ".database.password": true, ".database.rootPassword": true, ".admin.password": true,
	}
	visit(s.Stack().Outputs, func(path string, v resource.PropertyValue, is bool) {
		// A preview does not know yet that a password is secret.
		if is != secret[path] && !(v.IsComputed() || v.IsOutput()) && !s.Preview {
			t.Errorf("the output %s is a secret: %v, want %v", path, is, secret[path])
		}
	})
	if !isSecret(s.Stack().Outputs["kubeconfig"]) {
		t.Error("the kubeconfig is no secret")
	}
}

func isSecret(v resource.PropertyValue) bool {
	return v.IsSecret() || v.IsOutput() && v.OutputValue().Secret
}

func theSiteIsWhereTheLoadBalancerIs(t rapid.TB, s *system) {
	address := s.Only(addressType, "loadbalancer").Output("address")
	url := "http://" + address
	if s.home != "" {
		url = "https://" + s.home
	}
	if got := s.output("loadbalancer_ip"); got != address {
		t.Errorf("loadbalancer_ip is %v, want %s", got, address)
	}
	if got := s.output("site_url"); got != url && !(s.Preview && got == stacktest.Unknown) {
		t.Errorf("site_url is %v, want %s", got, url)
	}
	if s.Preview {
		return
	}
	// WordPress uses the same site URL in every region.
	for _, r := range s.Of("kubernetes:core/v1:ConfigMap") {
		extra, ok := r.Data()["config-extra.php"].(string)
		want := []string{"'WP_HOME', '" + url + "'", "'WP_SITEURL', '" + url + "'"}
		if s.config.Domain != "" { // and every URL that another region may have while the site moves
			want = []string{"$geo_url = '" + url + "';", "'WP_HOME', $geo_url )", "'WP_SITEURL', $geo_url )", " 'http://" + address + "',",
				" 'https://" + s.config.Domain + "',", "'COOKIEHASH', md5( '" + url + "' )"}
		}
		if ok && !containsAll(extra, want...) {
			t.Errorf("%s names another site than %s: %s", r, url, extra)
		}
	}
}

func theMergedKubeconfigHasAContext(t rapid.TB, s *system) {
	text, _ := s.output("kubeconfig").(string)
	if s.Preview && text == stacktest.Unknown {
		return
	}
	var file struct {
		Current  string `json:"current-context"`
		Contexts []struct {
			Name    string
			Context struct{ Cluster, User string }
		}
		Clusters []struct {
			Name    string
			Cluster struct {
				Server string
				CA     string `json:"certificate-authority-data"`
			}
		}
		Users []struct {
			Name string
			User map[string]struct {
				Command string
				Args    []string
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatalf("the kubeconfig: %v", err)
	}
	n := len(s.config.Regions)
	if len(file.Contexts) != n || len(file.Clusters) != n || len(file.Users) != n || file.Current != s.config.Regions[0].Name {
		t.Fatalf("the kubeconfig has %d contexts, %d clusters and %d users for %d regions, and %q is current",
			len(file.Contexts), len(file.Clusters), len(file.Users), n, file.Current)
	}
	for i, region := range s.config.Regions {
		cluster, user := file.Clusters[i], file.Users[i]
		if c := file.Contexts[i]; c.Name != region.Name || c.Context.Cluster != cluster.Name || c.Context.User != user.Name {
			t.Errorf("the context of %s is %+v", region.Name, c)
		}
		control := s.clusterIn(region)
		authority := stacktest.Plain(control.Outputs["masterAuth"]).(map[string]any)["clusterCaCertificate"]
		if cluster.Cluster.Server != "https://"+control.Output("endpoint") || cluster.Cluster.CA != authority {
			t.Errorf("%s calls %s", region.Name, cluster.Cluster.Server)
		}
		// No credential: the plugin fetches one at each use. Any other field of a user would be a credential.
		exec, ok := user.User["exec"]
		if !ok || len(user.User) != 1 || exec.Command != "gke-gcloud-auth-plugin" ||
			slices.Contains(exec.Args, "--use_application_default_credentials") != s.config.ApplicationDefaultCredentials {
			t.Errorf("%s authenticates by %+v", region.Name, user.User)
		}
	}
}

func eachRegionIsDescribed(t rapid.TB, s *system) {
	described := s.output("regions").([]any)
	devices := s.output("syncthing_devices")
	if len(described) != len(s.config.Regions) {
		t.Fatalf("%d regions are described, want %d", len(described), len(s.config.Regions))
	}
	seen := map[string]bool{}
	for i, region := range s.config.Regions {
		want := map[string]any{
			"name": region.Name, "zone": region.Zone, "dnsDomain": region.DNSDomain,
			"cluster": s.clusterIn(region).Output("name"),
		}
		if !equal(described[i], want) {
			t.Errorf("%s is described as %v, want %v", region.Name, described[i], want)
		}
		if s.Preview {
			continue
		}
		id, _ := devices.(map[string]any)[region.Name].(string)
		if id == "" || seen[id] {
			t.Errorf("%s has the device ID %q", region.Name, id)
		}
		seen[id] = true
	}
}
