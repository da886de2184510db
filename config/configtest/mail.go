package configtest

import (
	"net/netip"

	"pgregory.net/rapid"
)

// mail draws a mail server and its password; usually there is none.
func mail(t *rapid.T) (server, password string) {
	if rapid.IntRange(0, 2).Draw(t, "whether to send mail") == 0 {
		return "{}", ""
	}
	fields := map[string]any{
		"host": rapid.SampledFrom([]string{"smtp.example.com", "email-smtp.eu-west-1.example.net", "198.51.100.25",
			"192.168.7.25"}).Draw(t, "mail host"),
		"port": rapid.SampledFrom([]int{465, 587, 2525, 443, 65535}).Draw(t, "mail port"),
		"from": rapid.StringMatching(`[a-z0-9]{1,20}`).Draw(t, "mail sender") + "@example.com",
	}
	if _, err := netip.ParseAddr(fields["host"].(string)); err == nil {
		fields["certificateName"] = "mail.example.com"
	}
	if rapid.Bool().Draw(t, "whether mail has a name") {
		fields["fromName"] = rapid.SampledFrom([]string{"A site", `Quotes ' " \ and $(HOME)`, "<b>Überall</b>", "網站 ?>"}).Draw(t, "mail name")
	}
	if rapid.Bool().Draw(t, "whether to sign in") {
		fields["user"] = rapid.SampledFrom([]string{"apikey", "postmaster@example.com", `it's \ ${X}`}).Draw(t, "mail user")
		password = rapid.StringMatching(`[A-Za-z0-9'"$\\]{24}`).Draw(t, "mail password")
	}
	return encoded(fields), password
}

// relay is a mail server with more fields as JSON after its own.
func relay(more string) string {
	return `{"host":"smtp.example.com","port":587,"from":"site@example.com"` + more + `}`
}

var mailRows = []row{
	{name: "mail to a URL", set: set{"mail": `{"host":"smtp://smtp.example.com","port":587,"from":"site@example.com"}`},
		want: want("mail.host", `"smtp://smtp.example.com": must be a DNS name such as smtp.example.com`)},
	{name: "mail to a host with its port", set: set{"mail": `{"host":"smtp.example.com:587","port":587,"from":"site@example.com"}`},
		want: want("mail.host", "no scheme, port or path")},
	{name: "mail to a host of one label", set: set{"mail": `{"host":"localhost","port":587,"from":"site@example.com"}`},
		want: want("mail.host", `"localhost": must be a DNS name`)},
	{name: "mail to a host in capitals", set: set{"mail": `{"host":"SMTP.example.com","port":587,"from":"site@example.com"}`},
		want: want("mail.host", "in lower case")},
	{name: "mail to no host", set: set{"mail": `{"port":587,"from":"site@example.com"}`},
		want: want("mail.host", "is not set: set it to the name of the mail server")},
	{name: "mail to an IPv6 address", set: set{"mail": `{"host":"2001:db8::25","port":587,"from":"site@example.com"}`},
		want: want("mail.host", "the pods have no IPv6")},
	{name: "mail to the pod itself", set: set{"mail": `{"host":"127.0.0.1","port":587,"from":"site@example.com"}`},
		want: want("mail.host", `"127.0.0.1": is no address of a mail server`)},
	{name: "mail to the metadata server", set: set{"mail": `{"host":"169.254.169.254","port":587,"from":"site@example.com"}`},
		want: want("mail.host", "link-local")},
	{name: "mail to half an address", set: set{"mail": `{"host":"10.0.0","port":587,"from":"site@example.com"}`},
		want: want("mail.host", "must be a DNS name")},
	{name: "mail to an address without the certificate's name", set: set{"mail": `{"host":"10.99.0.25","port":587,"from":"site@example.com"}`},
		want: want("mail.certificateName", "is not set: set it to the DNS name in the mail server's certificate")},
	{name: "mail to an address with an address in its certificate",
		set:  set{"mail": `{"host":"10.99.0.25","certificateName":"10.99.0.25","port":587,"from":"site@example.com"}`},
		want: want("mail.certificateName", `"10.99.0.25": must be a DNS name`)},
	{name: "mail to a name with another in its certificate", set: set{"mail": relay(`,"certificateName":"mail.example.com"`)},
		want: want("mail.certificateName", `"mail.example.com": is only for a host that is an address`)},
	{name: "mail on port 25", set: set{"mail": `{"host":"smtp.example.com","port":25,"from":"site@example.com"}`},
		want: want("mail.port", "25: is blocked by Google Cloud: use 587, 465 or 2525")},
	{name: "mail on no port", set: set{"mail": `{"host":"smtp.example.com","from":"site@example.com"}`},
		want: want("mail.port", "is not set: set it to 587, 465 or 2525")},
	{name: "mail on a port that is text", set: set{"mail": `{"host":"smtp.example.com","port":"587","from":"site@example.com"}`},
		want: want("mail.port", `"587": must be a whole number from 1 to 65535`)},
	{name: "mail on port 0", set: set{"mail": `{"host":"smtp.example.com","port":0,"from":"site@example.com"}`},
		want: want("mail.port", "0: must be a whole number from 1")},
	{name: "mail from nobody", set: set{"mail": `{"host":"smtp.example.com","port":587}`},
		want: want("mail.from", "is not set: set it to the sender's address")},
	{name: "mail from what is no address", set: set{"mail": `{"host":"smtp.example.com","port":587,"from":"site"}`},
		want: want("mail.from", `"site": must be one e-mail address`)},
	{name: "mail from a name and an address", set: set{"mail": `{"host":"smtp.example.com","port":587,"from":"A site <site@example.com>"}`},
		want: want("mail.from", "must be one e-mail address and nothing else")},
	{name: "mail from a name of two lines", set: set{"mail": relay(`,"fromName":"A\nsite"`)}, want: want("mail.fromName", "on one line")},
	{name: "mail from an empty name", set: set{"mail": relay(`,"fromName":""`)}, want: want("mail.fromName", "must be 1 to 100 bytes")},
	{name: "a mail user without a password", set: set{"mail": relay(`,"user":"apikey"`)},
		want: want("mail.user", `"apikey": needs its password: set it with `+"`pulumi config set --secret mailPassword`")},
	{name: "an empty mail user", set: set{"mail": relay(`,"user":""`)}, want: want("mail.user", "leave user out")},
	{name: "a mail password without a user", set: set{"mail": relay(""), "mailPassword": "hunter2"},
		want: want("mail.user", "is not set, but mailPassword is: set the user")},
	{name: "a mail password without mail", set: set{"mailPassword": "hunter2"},
		want: want("mailPassword", "is set without a mail server: set mail, or remove the password")},
	{name: "a mail password of two lines", set: set{"mail": relay(`,"user":"apikey"`), "mailPassword": "hunter2\nhunter3"},
		want: want("mailPassword", "must be one line")},
	{name: "mail with its password", set: set{"mail": relay(`,"password":"hunter2"`)}, want: want("mail.password", "is not a field here")},
	{name: "mail with a mistyped field", set: set{"mail": relay(`,"fromname":"A site"`)},
		want: want("mail.fromname", "did you mean fromName?")},
	{name: "mail that is text", set: set{"mail": "smtp.example.com"}, want: want("mail", "must be an object")},
	{name: "mail with every mistake", set: set{"mail": `{"host":"","port":25,"from":"","user":" x"}`, "mailPassword": "hunter2"},
		want: want("mail.host", "must be a DNS name").and("mail.port", "is blocked").and("mail.from", "must be one e-mail").
			and("mail.user", "no space at either end")},
}
