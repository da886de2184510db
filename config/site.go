package config

import (
	"net/mail"
	"regexp"
	"strings"
)

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
	if labelsOf(strings.ToLower(host)) == nil {
		return "must be an e-mail address at a full domain, such as editor@example.com"
	}
	return ""
}
