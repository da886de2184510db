package config

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"geo-wordpress/googlecloud"
)

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
	if len(domain) > 63 {
		return "is longer than 63 characters, which is Google's limit for a certificate: choose a shorter domain"
	}
	labels := strings.Split(domain, ".")
	if len(labels) < 2 || slices.ContainsFunc(labels, notLabel) {
		return form
	}
	last := labels[len(labels)-1]
	if !googlecloud.Name.MatchString(last) || len(last) < 2 {
		return form // such as an IP address
	}
	if slices.Contains(withoutCertificate, last) {
		return "cannot have a public certificate, which HTTPS needs: choose a registered domain, or leave it empty"
	}
	return ""
}

func notLabel(text string) bool { return !dnsLabel.MatchString(text) }

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

func checkTitle(title string) string { return checkLine(title, 200) }

// userForm matches the user names that WordPress's strict check accepts, without spaces; the column holds 60
// characters.
var userForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.@-]{0,59}$`)

func checkUser(user string) string {
	if !userForm.MatchString(user) {
		return "must be a WordPress user name: 1 to 60 letters, digits and any of _ . @ -, starting with a letter or digit"
	}
	return ""
}

func checkEmail(email string) string {
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email || len(email) > 100 {
		return "must be one e-mail address and nothing else, such as editor@example.com, of at most 100 characters"
	}
	// net/mail accepts what WordPress refuses: hosts of one label, and addresses in brackets.
	_, host, _ := strings.Cut(email, "@")
	labels := strings.Split(strings.ToLower(host), ".")
	if len(labels) < 2 || slices.ContainsFunc(labels, notLabel) {
		return "must be an e-mail address at a full domain, such as editor@example.com"
	}
	return ""
}
