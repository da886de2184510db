package stack_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"geo-wordpress/stack/stacktest"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"pgregory.net/rapid"
)

var secretRules = []invariant{
	{"no secret is in plain sight", noSecretIsInPlainSight},
	{"secrets go into Secrets and kubeconfigs only", secretsGoIntoSecretsOnly},
	{"secrets are random, and need no quoting", secretsAreRandom},
	{"each secret has one purpose", eachSecretHasOnePurpose},
}

// secretValues are all secret values, with the source of each: those that pulumi-random generated, the private keys
// derived from them, and the configuration's.
func (s *system) secretValues() map[string]string {
	values := map[string]string{}
	if mail := s.config.Mail; mail != nil && mail.Password != "" {
		values[string(mail.Password)] = "the mail server's password"
	}
	for _, r := range s.Resources {
		for _, output := range []string{"result", "base64", "hex"} {
			if text := r.Output(output); strings.HasPrefix(r.Type, "random:") && text != "" && text != stacktest.Unknown {
				values[text] = r.Name
			}
		}
		for _, name := range []string{"key.pem", "tls.key"} {
			if key, _ := r.Data()[name].(string); strings.Contains(key, "\n") {
				values[strings.Split(key, "\n")[1]] = r.Name + "'s private key"
			}
		}
	}
	for text, whose := range values {
		// As in a Secret's data.
		values[base64.StdEncoding.EncodeToString([]byte(text))] = whose + ", encoded"
	}
	return values
}

// visit calls f with every value of a property map, and whether it is marked as a secret.
func visit(properties resource.PropertyMap, f func(path string, value resource.PropertyValue, secret bool)) {
	var walk func(string, resource.PropertyValue, bool)
	walk = func(path string, v resource.PropertyValue, secret bool) {
		switch {
		case v.IsSecret():
			walk(path, v.SecretValue().Element, true)
		case v.IsOutput():
			walk(path, v.OutputValue().Element, secret || v.OutputValue().Secret)
		case v.IsArray():
			for _, item := range v.ArrayValue() {
				walk(path+"[]", item, secret)
			}
		case v.IsObject():
			for name, item := range v.ObjectValue() {
				walk(path+"."+string(name), item, secret)
			}
		default:
			f(path, v, secret)
		}
	}
	walk("", resource.NewProperty(properties), false)
}

func noSecretIsInPlainSight(t rapid.TB, s *system) {
	secrets := s.secretValues()
	if least := 10 + 2*len(s.config.Regions); !s.Preview && len(secrets) < least {
		t.Fatalf("only %d secrets are known, want %d or more", len(secrets), least)
	}
	for _, r := range s.Resources {
		for what, properties := range map[string]resource.PropertyMap{"input": r.Inputs, "output": r.Outputs} {
			visit(properties, func(path string, v resource.PropertyValue, secret bool) {
				if secret || !v.IsString() {
					return
				}
				for text, whose := range secrets {
					if strings.Contains(v.StringValue(), text) {
						t.Errorf("%s: the %s %s holds %s in plain text", r, what, path, whose)
					}
				}
			})
		}
		for text, whose := range secrets {
			if strings.Contains(r.URN, text) {
				t.Errorf("%s is named after %s", r, whose)
			}
		}
	}
}

// secretsGoIntoSecretsOnly: no secret, marked or not, is in an argument, a variable or a ConfigMap, which the cluster
// shows to everybody who may read the object.
func secretsGoIntoSecretsOnly(t rapid.TB, s *system) {
	for _, r := range s.Resources {
		visit(r.Inputs, func(path string, _ resource.PropertyValue, secret bool) {
			// The property as a whole, too: a preview marks it as a whole.
			allowed := r.Type == "kubernetes:core/v1:Secret" && strings.HasPrefix(path, ".stringData") ||
				r.Type == stacktest.ProviderType && path == ".kubeconfig"
			if secret && !allowed {
				t.Errorf("%s: the input %s is made of a secret", r, path)
			}
		})
	}
}

func secretsAreRandom(t rapid.TB, s *system) {
	passwords := s.Of("random:index/randomPassword:RandomPassword")
	for _, r := range passwords {
		if r.At("special") != false {
			t.Errorf("%s may hold characters that SQL, PHP or TOML would need quoted", r)
		}
		if length, ok := r.At("length").(float64); !ok || length < 24 {
			t.Errorf("%s has %v characters", r, r.At("length"))
		}
		for _, class := range []string{"lower", "upper", "numeric", "number"} {
			if r.At(class) == false {
				t.Errorf("%s leaves out %s", r, class)
			}
		}
	}
	for _, r := range s.Of("random:index/randomBytes:RandomBytes") {
		if r.At("length") != float64(32) {
			t.Errorf("%s has %v bytes, a key is made of 32", r, r.At("length"))
		}
	}
	want := 2 + 8 + len(s.config.Regions)
	if s.config.Site != nil {
		want++
	}
	if s.config.Backup != nil {
		want++
	}
	if len(passwords) != want {
		t.Errorf("%d passwords, want %d: the database's two, eight salts, an API key a region, the administrator's of a site, and the backups' user's", len(passwords), want)
	}
}

// eachSecretHasOnePurpose: in one Secret no value has two names, and WordPress never gets root's password.
func eachSecretHasOnePurpose(t rapid.TB, s *system) {
	if s.Preview {
		return
	}
	root := s.Only("random:index/randomPassword:RandomPassword", "credentials-database-root").Output("result")
	for _, r := range s.Of("kubernetes:core/v1:Secret") {
		seen := map[any]string{}
		for name, value := range r.Data() {
			if other := seen[value]; other != "" {
				t.Errorf("%s: %s and %s are the same", r, name, other)
			}
			seen[value] = name
		}
		text, err := json.Marshal(r.Data())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), root) && !isOf(r, "tidb") {
			t.Errorf("%s holds the database's root password", r)
		}
	}
}
