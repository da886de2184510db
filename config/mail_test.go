package config_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"geo-wordpress/config"
	"geo-wordpress/config/configtest"
	"geo-wordpress/state"
)

func withMail(t *testing.T, mail, password string) map[string]string {
	values := configtest.Committed(t)
	values["geo-wordpress:mail"], values["geo-wordpress:mailPassword"] = mail, password
	return values
}

const relay = `{"host":"smtp.example.com","port":587,"user":"apikey","from":"site@example.com","fromName":"A site"}`

func TestMail(t *testing.T) {
	if got := load(t, configtest.Committed(t)).Mail; got != nil {
		t.Errorf("by default mail is %+v", got)
	}
	got := load(t, withMail(t, relay, "hunter2")).Mail
	want := config.Mail{Host: "smtp.example.com", Port: 587, User: "apikey", Password: "hunter2", From: "site@example.com", FromName: "A site",
		CertificateName: "smtp.example.com"}
	if *got != want {
		t.Errorf("got %+v, want %+v", *got, want)
	}
	if address, ok := got.Address(); ok {
		t.Errorf("a name is the address %s", address)
	}
	got = load(t, withMail(t, `{"host":"10.99.0.25","certificateName":"mail.example.com","port":2525,"from":"site@example.com"}`, "")).Mail
	if address, ok := got.Address(); !ok || address != netip.MustParseAddr("10.99.0.25") || got.CertificateName != "mail.example.com" {
		t.Errorf("got %s, %v with a certificate for %s", address, ok, got.CertificateName)
	}
}

// Neither an error nor a printed configuration shows the password.
func TestTheMailPasswordIsNeverShown(t *testing.T) {
	const secret = "hunter2"
	got := load(t, withMail(t, relay, secret))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, *got.Mail); strings.Contains(text, secret) {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	for mail, password := range map[string]string{
		relay: secret + "\nand more", "{}": secret, "smtp": secret, `{"host":"smtp.example.com"}`: secret,
	} {
		_, err := config.Load(withMail(t, mail, password), configtest.Project)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v", mail, err)
		}
	}
}

// The password must be encrypted, alone of all keys.
func TestTheMailPasswordMustBeEncrypted(t *testing.T) {
	const secret = "hunter2"
	run := &pulumi.RunInfo{Project: configtest.Project, Config: withMail(t, relay, secret)}
	_, err := config.LoadRun(run, &state.State{})
	problems, _ := err.(config.Problems)
	if len(problems) != 1 || problems[0].Key != "geo-wordpress:mailPassword" ||
		!strings.Contains(err.Error(), "pulumi config set --secret mailPassword") || strings.Contains(err.Error(), secret) {
		t.Errorf("in plain text: %v", err)
	}
	run.ConfigSecretKeys = []string{"geo-wordpress:mailPassword"}
	if _, err := config.LoadRun(run, &state.State{}); err != nil {
		t.Errorf("encrypted: %v", err)
	}
	run.ConfigSecretKeys = append(run.ConfigSecretKeys, "geo-wordpress:mail")
	if _, err := config.LoadRun(run, &state.State{}); err == nil || !strings.Contains(err.Error(), "geo-wordpress:mail: is encrypted") {
		t.Errorf("with an encrypted server: %v", err)
	}
	// The default is no secret.
	if _, err := config.LoadRun(&pulumi.RunInfo{Project: configtest.Project, Config: configtest.Committed(t)}, &state.State{}); err != nil {
		t.Error(err)
	}
}
