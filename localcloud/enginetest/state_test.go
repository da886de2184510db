package enginetest

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// secretSignature marks a secret in an exported state (github.com/pulumi/pulumi, sdk/go/common/resource/sig).
const secretSignature = "4dabf18193072939515e22adb298388d"

// checkSecrets searches the state as stored, and all output of the CLI so far, for each secret in the state, in plain
// text, in base64 and as a JSON string in a string.
func checkSecrets(b *bench) {
	b.t.Helper()
	var readable any = decode[any](b.t, b.outputOf("stack export", "--show-secrets"))
	secrets := map[string]bool{}
	collectSecrets(readable, secrets)
	// Two passwords, eight salts, and per region a key, an API key, a kubeconfig, a certificate and configs.
	if len(secrets) < 2+8+3*4 {
		b.t.Fatalf("only %d secrets in the state", len(secrets))
	}
	if b.printed.Len() == 0 {
		b.t.Fatal("the CLI has printed nothing")
	}
	for where, text := range map[string]string{"the state": b.outputOf("stack export"), "the CLI's output": b.printed.String()} {
		for secret := range secrets {
			for form, shown := range map[string]string{
				"plain text":                secret,
				"base64":                    base64.StdEncoding.EncodeToString([]byte(secret)),
				"a JSON string in a string": strings.Trim(quoted(quoted(secret)), `"`),
			} {
				if strings.Contains(text, shown) {
					b.t.Errorf("%s holds a secret in %s: %.6s...", where, form, secret)
				}
			}
		}
	}
}

// collectSecrets collects the strings inside the secrets of an exported state, at any depth. Short ones (true, 30080, a
// namespace) are left out: they are not secret in themselves and occur elsewhere too.
func collectSecrets(value any, into map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		if _, isSecret := v[secretSignature]; isSecret {
			if text, ok := v["plaintext"].(string); ok {
				var inner any
				if json.Unmarshal([]byte(text), &inner) == nil {
					collectStrings(inner, into)
				}
			}
			return
		}
		for _, each := range v {
			collectSecrets(each, into)
		}
	case []any:
		for _, each := range v {
			collectSecrets(each, into)
		}
	}
}

func collectStrings(value any, into map[string]bool) {
	switch v := value.(type) {
	case string:
		if len(v) >= 20 {
			into[v] = true
		}
	case map[string]any:
		for _, each := range v {
			collectStrings(each, into)
		}
	case []any:
		for _, each := range v {
			collectStrings(each, into)
		}
	}
}

func quoted(text string) string {
	q, _ := json.Marshal(text)
	return string(q)
}
