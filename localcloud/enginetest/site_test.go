package enginetest

import (
	"io"
	"net/http"
	"strings"
	"time"

	"geo-wordpress/localcloud/loadbalancer"
)

// checkSite checks the site as visitors see it: once the health check passes in every region, the address answers,
// each region gets its share of the requests, and a visitor's cookie keeps the visitor on the first pod.
func checkSite(b *bench) {
	b.t.Helper()
	b.healthy(func(loadbalancer.InstanceStatus) bool { return true })
	site := strings.TrimSpace(b.outputOf("stack output site_url"))
	counts := map[string]int{}
	var last *http.Response
	for range 60 {
		time.Sleep(50 * time.Millisecond) // below the declared maximum rate, above which requests go to other regions
		response, page := b.visit(site+"/wp-admin/install.php", nil)
		if response.StatusCode != http.StatusOK {
			b.t.Fatalf("%s answered %s: %s", site, response.Status, page)
		}
		for _, region := range regionNames {
			if strings.Contains(page, "<td>"+region) && strings.Contains(page, "simulated") {
				counts[region]++
			}
		}
		last = response
	}
	for _, region := range regionNames {
		if counts[region] != 20 {
			b.t.Errorf("%s answered %d of 60 requests, not a third", region, counts[region])
		}
	}
	first := ""
	for range 10 {
		_, page := b.visit(site, last.Cookies())
		if first == "" {
			first = page
		} else if page != first {
			b.t.Errorf("a visitor with a cookie reached another pod:\n%s\n%s", first, page)
		}
	}
	if response, _ := b.visit(site, nil); response.Header.Get("Location") != site+"/wp-admin/install.php" {
		b.t.Errorf("%s redirects to %q, not to the installation", site, response.Header.Get("Location"))
	}
}

// visit requests a page, follows no redirect, and returns the response and its body.
func (b *bench) visit(url string, cookies []*http.Cookie) (*http.Response, string) {
	b.t.Helper()
	return b.send(http.MethodGet, url, cookies)
}

// send is visit with any method.
func (b *bench) send(method, url string, cookies []*http.Cookie) (*http.Response, string) {
	b.t.Helper()
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range cookies {
		request.AddCookie(c)
	}
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response, string(page)
}

// healthy waits until exactly the instances for which should is true are healthy.
func (b *bench) healthy(should func(loadbalancer.InstanceStatus) bool) loadbalancer.ServiceStatus {
	b.t.Helper()
	var service loadbalancer.ServiceStatus
	for end := time.Now().Add(commandTimeout); ; time.Sleep(500 * time.Millisecond) {
		status := b.status()
		wrong, found := 0, 0
		if len(status.LoadBalancers.Services) == 1 {
			service = status.LoadBalancers.Services[0]
			for _, group := range service.Groups {
				for _, i := range group.Instances {
					found++
					if i.Healthy != should(i) {
						wrong++
					}
				}
			}
		}
		if wrong == 0 && found == 2*len(regionNames) {
			return service
		}
		if time.Now().After(end) {
			b.t.Fatalf("the instances have not reached the expected health in time: %+v", status.LoadBalancers)
		}
	}
}

// checkNodePort moves the health page of one region's Service to another node port: the region's instances leave the
// rotation and say why, and the other regions answer all visitors. Restoring the port brings the instances back.
func checkNodePort(b *bench) {
	b.t.Helper()
	const region = "europe-west2"
	move := func(port string) {
		b.kubectl(region, "-n", "wordpress", "patch", "service", "wordpress", "--type=json",
			`-p=[{"op":"replace","path":"/spec/ports/1/nodePort","value":`+port+`}]`)
	}
	move("30082")
	service := b.healthy(func(i loadbalancer.InstanceStatus) bool { return !strings.Contains(i.Name, region) })
	for _, group := range service.Groups {
		for _, i := range group.Instances {
			if want := "no Service has the node port 30081"; group.Region == region && !strings.Contains(i.Reason, want) {
				b.t.Errorf("%s is out because %q, not because %q", i.Name, i.Reason, want)
			}
		}
	}
	site := strings.TrimSpace(b.outputOf("stack output site_url"))
	for range 20 {
		if response, page := b.visit(site, nil); response.StatusCode != http.StatusFound || strings.Contains(page, "<td>"+region) {
			b.t.Fatalf("with %s out of rotation %s answers %s: %s", region, site, response.Status, page)
		}
	}
	if out := b.output(b.tool("localcloud"), "status"); !strings.Contains(out, "no Service has the node port 30081") {
		b.t.Errorf("localcloud status does not say why:\n%s", out)
	}
	move("30081")
	b.healthy(func(loadbalancer.InstanceStatus) bool { return true })
}

// checkFiles stops one region's NFS server: the region's machines leave the rotation and say why, and return with the
// server.
func checkFiles(b *bench) {
	b.t.Helper()
	const region = "europe-west3"
	scale := func(replicas string) {
		b.kubectl(region, "-n", "files", "scale", "statefulset", "nfs", "--replicas="+replicas)
	}
	scale("0")
	service := b.healthy(func(i loadbalancer.InstanceStatus) bool { return !strings.Contains(i.Name, region) })
	for _, group := range service.Groups {
		for _, i := range group.Instances {
			// Either the load balancer or the kubelet notices first: a pod that is not ready has no endpoint.
			if group.Region == region && !strings.Contains(i.Reason, "the files do not answer") && !strings.Contains(i.Reason, "no ready endpoint") {
				b.t.Errorf("%s is out because %q, not because its files do not answer", i.Name, i.Reason)
			}
		}
	}
	scale("1")
	b.healthy(func(loadbalancer.InstanceStatus) bool { return true })
	settleClusters(b)
}
