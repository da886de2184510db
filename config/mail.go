package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"geo-wordpress/googlecloud"
)

// Mail is the server through which WordPress sends mail.
type Mail struct {
	Host string // a DNS name, or an IPv4 address
	// CertificateName is the DNS name that the server's certificate must have: Host, unless that is an address.
	CertificateName string
	Port            int
	User            string // empty if the server takes mail without signing in
	Password        Secret // empty without User
	From            string
	FromName        string // empty for WordPress's own
}

// Address is the server's address, if the configuration gives one instead of a name.
func (m *Mail) Address() (netip.Addr, bool) {
	address, err := netip.ParseAddr(m.Host)
	return address, err == nil
}

// Secret is a text that no error and no log may show.
type Secret string

func (Secret) String() string   { return "[secret]" }
func (Secret) GoString() string { return "[secret]" }

// passwordKey is the one key whose value must be encrypted. The program puts it into a Secret.
const passwordKey = "mailPassword"

// mail reads the mail server and its password; an empty object for no mail.
func (l *loader) mail() *Mail {
	object, password := l.top("mail"), l.mailPassword()
	fields, ok := object.object(mailFields)
	if !ok {
		return nil
	}
	if given, _ := object.value.(map[string]any); len(given) == 0 {
		if password != "" {
			l.problem(l.project+":"+passwordKey, "", "is set without a mail server: set mail, or remove the password with "+
				"`pulumi config rm mailPassword`")
		}
		return nil
	}
	optional := func(name string, check func(string) string) string {
		f, given := fields[name]
		if !given {
			return ""
		}
		text, _ := f.checked(check)
		return text
	}
	m := &Mail{Password: password, User: optional("user", checkMailUser), FromName: optional("fromName", checkMailName)}
	m.Host, _ = object.required(fields, "host", "the name of the mail server, or {} for mail to turn it off").checked(checkMailHost)
	m.CertificateName = m.certificateName(object, fields)
	m.Port = object.required(fields, "port", "587, 465 or 2525, as the mail server's operator says").mailPort()
	m.From, _ = object.required(fields, "from", "the sender's address of all mail").checked(checkEmail)
	_, hasUser := fields["user"]
	switch {
	case m.User != "" && l.values[l.project+":"+passwordKey] == "":
		fields["user"].fails("needs its password: set it with `pulumi config set --secret mailPassword`, or leave user out if " +
			"the server takes mail without signing in")
	case !hasUser && password != "":
		l.problem(object.key+".user", "", "is not set, but mailPassword is: set the user, or remove the password with "+
			"`pulumi config rm mailPassword`")
	}
	return m
}

// certificateName reads the name in the certificate of a server that is given by its address. Public authorities certify no
// private addresses.
func (m *Mail) certificateName(object field, fields map[string]field) string {
	_, byAddress := m.Address()
	if !byAddress {
		if f, given := fields["certificateName"]; given && m.Host != "" {
			f.fails("is only for a host that is an address: leave it out, because the certificate must have the host's name")
		}
		return m.Host
	}
	name, _ := object.required(fields, "certificateName", "the DNS name in the mail server's certificate, because host is an address").
		checked(checkMailCertificate)
	return name
}

// mailPassword reads the password. Its problems never show it.
func (l *loader) mailPassword() Secret {
	text, _ := l.top(passwordKey).text()
	key := l.project + ":" + passwordKey
	switch {
	case text == "":
	case !slices.Contains(l.encrypted, key):
		l.problem(key, "", "is not encrypted: set it with `pulumi config set --secret mailPassword`, and change it at the mail "+
			"server if others can read the stack's file")
		return ""
	case len(text) > 512 || strings.ContainsFunc(text, unicode.IsControl):
		l.problem(key, "", "must be one line of at most 512 bytes: set it with `pulumi config set --secret mailPassword`")
		return ""
	}
	return Secret(text)
}

// mailPort reads a port that Google Cloud lets through.
func (f field) mailPort() int {
	port, ok := f.whole(1, 65535, "a TCP port; mail servers use 587, 465 or 2525")
	if ok && port == 25 {
		f.fails("is blocked by Google Cloud: use 587, 465 or 2525")
	}
	return port
}

// checkMailHost returns what is wrong with the mail server's host, or nothing.
func checkMailHost(host string) string {
	const form = "must be a DNS name such as smtp.example.com, in lower case, or an IPv4 address: no scheme, port or path"
	if address, err := netip.ParseAddr(host); err == nil {
		switch {
		case !address.Is4():
			return "must be a DNS name or an IPv4 address: the pods have no IPv6"
		case !address.IsGlobalUnicast():
			return "is no address of a mail server: loopback, link-local, multicast and unspecified addresses cannot be reached"
		}
		return ""
	}
	if !isFullName(host) {
		return form
	}
	return ""
}

func checkMailCertificate(name string) string {
	if !isFullName(name) {
		return "must be a DNS name such as mail.example.com, in lower case"
	}
	return ""
}

// isFullName reports whether a text is a DNS name of two labels or more, and no address.
func isFullName(text string) bool {
	labels := labelsOf(text)
	return labels != nil && len(text) <= 253 && googlecloud.Name.MatchString(labels[len(labels)-1])
}

func checkMailUser(user string) string {
	if user == "" {
		return "must not be empty: leave user out if the server takes mail without signing in"
	}
	return checkLine(user, 255)
}

func checkMailName(name string) string { return checkLine(name, 100) }

// checkLine returns what is wrong with a short text on one line, or nothing.
func checkLine(text string, most int) string {
	if text == "" || text != strings.TrimSpace(text) || len(text) > most || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Sprintf("must be 1 to %d bytes of text on one line, with no space at either end", most)
	}
	return ""
}
