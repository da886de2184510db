package regions

import (
	"net/mail"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var projectForm = regexp.MustCompile(`^[a-z][-a-z0-9]{4,28}[a-z0-9]$`)

// googleProject reads the Google provider's own key, which has no default.
func (l *loader) googleProject() string {
	const key = "gcp:project"
	id, ok := l.values[key]
	switch {
	case !ok:
		l.problem(key, "", "is not set: it must be the ID of the Google Cloud project "+
			"(`pulumi config set gcp:project ID`)")
	case !projectForm.MatchString(id):
		l.problem(key, quoted(id), "must be the ID of a Google Cloud project: 6 to 30 lower-case letters, digits and "+
			"hyphens, from a letter to a letter or digit")
	}
	return id
}

// minAuthorized is the shortest prefix that may reach the control planes. A /8 is the largest network of one
// organization; a wider one admits strangers.
const minAuthorized = 8

func (l *loader) authorizedNetworks() []netip.Prefix {
	items, _ := l.top("authorizedNetworks").items()
	var networks []netip.Prefix
	for _, item := range items {
		network, ok := item.prefix()
		switch {
		case !ok:
		case !network.Addr().Is4():
			item.fails("must be an IPv4 range: GKE takes no other for its control planes")
		case network != network.Masked():
			item.fails("has bits set beyond its length: write " + network.Masked().String())
		case network.Bits() < minAuthorized:
			item.fails("opens the control planes to strangers: name the networks of those who run the stack, " +
				"such as 203.0.113.7/32; an empty list admits the VPC only")
		case slices.Contains(networks, network):
			item.fails("is in the list already")
		default:
			networks = append(networks, network)
		}
	}
	return networks
}

func (l *loader) namespaces() Namespaces {
	first := map[string]string{}
	namespace := func(key string) string {
		name, ok := l.top(key).checked(func(name string) string {
			if wrong := checkNamespace(name); wrong != "" {
				return wrong
			}
			if other, ok := first[name]; ok {
				return "is " + l.project + ":" + other + " already: " +
					"each namespace has its own pod security and network policies"
			}
			return ""
		})
		if ok {
			first[name] = key
		}
		return name
	}
	return Namespaces{
		Database:  namespace("databaseNamespace"),
		Files:     namespace("filesNamespace"),
		WordPress: namespace("wordpressNamespace"),
	}
}

// checkNamespace returns what is wrong with the name of a namespace, or nothing.
func checkNamespace(name string) string {
	if len(name) > MaxName || !rfc1123Label.MatchString(name) {
		return "must be a namespace's name: 1 to 63 lower-case letters, digits and hyphens, " +
			"from a letter or digit to a letter or digit"
	}
	if name == "default" {
		return "is every cluster's own: name one for the stack"
	}
	for _, prefix := range []string{"kube-", "gke-", "gmp-"} {
		if strings.HasPrefix(name, prefix) {
			return "starts with " + prefix + ", which is Kubernetes' and GKE's own: choose another name"
		}
	}
	return ""
}

// domain reads the site's DNS name, empty for none.
func (l *loader) domain() string {
	domain, _ := l.top("domain").checked(checkDomain)
	return domain
}

// withoutCertificate are top-level domains for which no public authority issues a certificate (RFC 6761, RFC 6762,
// ICANN's internal).
var withoutCertificate = []string{"arpa", "example", "internal", "invalid", "local", "localhost", "onion", "test"}

// checkDomain returns what is wrong with the site's domain, or nothing. Empty is allowed: no domain.
func checkDomain(domain string) string {
	const form = "must be a DNS name such as www.example.com, in lower case: no scheme, port, path, wildcard or " +
		"trailing dot; or empty, for plain HTTP on the load balancer's address"
	if domain == "" {
		return ""
	}
	if len(domain) > MaxName {
		return "is longer than 63 characters, the most that Google's certificates name"
	}
	labels := strings.Split(domain, ".")
	if len(labels) < 2 || slices.ContainsFunc(labels, notLabel) {
		return form
	}
	last := labels[len(labels)-1]
	if !rfc1035Label.MatchString(last) || len(last) < 2 {
		return form // such as an IP address
	}
	if slices.Contains(withoutCertificate, last) {
		return "cannot have a public certificate, which HTTPS needs: choose a domain that is registered, or leave it empty"
	}
	return ""
}

func notLabel(label string) bool { return len(label) > MaxName || !rfc1123Label.MatchString(label) }

// site reads the input of WordPress's installer: all fields, or an empty object for no site.
func (l *loader) site() *Site {
	object := l.top("site")
	fields, ok := object.object(siteFields)
	if !ok {
		return nil
	}
	if given, _ := object.value.(map[string]any); len(given) == 0 {
		return nil
	}
	read := func(name, means string, check func(string) string) string {
		text, _ := object.required(fields, name, means+", or leave the site empty to install it in the browser").checked(check)
		return text
	}
	return &Site{
		Title:      read("title", "the site's title", checkTitle),
		AdminUser:  read("adminUser", "the administrator's user name", checkUser),
		AdminEmail: read("adminEmail", "the administrator's e-mail address", checkEmail),
	}
}

func checkTitle(title string) string {
	if title == "" || title != strings.TrimSpace(title) || len(title) > 200 || strings.ContainsFunc(title, unicode.IsControl) {
		return "must be 1 to 200 bytes of text on one line, with no space at either end"
	}
	return ""
}

// userForm matches the user names that WordPress's strict check accepts, without spaces; the column holds 60
// characters.
var userForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.@-]{0,59}$`)

func checkUser(user string) string {
	if !userForm.MatchString(user) {
		return "must be a WordPress user name: 1 to 60 letters, digits and any of _ . @ -, from a letter or digit on"
	}
	return ""
}

func checkEmail(email string) string {
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email || len(email) > 100 {
		return "must be an e-mail address alone, such as editor@example.com, of at most 100 characters"
	}
	// net/mail accepts what WordPress refuses: hosts of one label, and addresses in brackets.
	_, host, _ := strings.Cut(email, "@")
	labels := strings.Split(strings.ToLower(host), ".")
	if len(labels) < 2 || slices.ContainsFunc(labels, notLabel) {
		return "must be an e-mail address at a full domain, such as editor@example.com"
	}
	return ""
}
