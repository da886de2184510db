package kubernetes

import (
	"encoding/base64"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// markSecrets makes secret in outs what is secret in ins, and what a Secret holds whatever it came from.
//
// Where both have an object it goes into it, so that one secret does not hide a whole Deployment; a list is secret as
// a whole if anything in it is, because the API server may order it anew.
func markSecrets(outs, ins resource.PropertyMap) {
	if isSecretObject(outs) {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if v, ok := outs[key]; ok && !v.IsSecret() {
				outs[key] = resource.MakeSecret(v)
			}
		}
		// kubectl apply leaves the whole manifest there.
		if metadata := outs["metadata"]; metadata.IsObject() {
			if annotations := metadata.ObjectValue()["annotations"]; annotations.IsObject() {
				const key = resource.PropertyKey(corev1.LastAppliedConfigAnnotation)
				if v, ok := annotations.ObjectValue()[key]; ok && !v.IsSecret() {
					annotations.ObjectValue()[key] = resource.MakeSecret(v)
				}
			}
		}
	}
	for key, in := range ins {
		out, ok := outs[key]
		switch {
		case !ok || out.IsSecret():
		case out.IsObject() && in.IsObject():
			markSecrets(out.ObjectValue(), in.ObjectValue())
		case in.ContainsSecrets():
			outs[key] = resource.MakeSecret(out)
		}
	}
}

func isSecretObject(m resource.PropertyMap) bool {
	kind, version := bare(m["kind"]), bare(m["apiVersion"])
	return kind.IsString() && kind.StringValue() == "Secret" && version.IsString() && version.StringValue() == "v1"
}

// redactor takes the secrets of an operation out of the texts that leave it: an API server's refusal may well quote the
// value that it refuses.
type redactor struct{ replacer *strings.Replacer }

// shortest is the length in bytes below which a secret is not looked for: to strike every "1" out of a text would tell
// more than it hides, and leave nothing to read.
const shortest = 4

func newRedactor(maps ...resource.PropertyMap) redactor {
	var values []string
	for _, m := range maps {
		collectSecrets(&values, resource.NewObjectProperty(m), false)
	}
	// The longest first: one secret may be part of another.
	slices.SortFunc(values, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var pairs []string
	for _, v := range slices.Compact(values) {
		pairs = append(pairs, v, "[secret]")
	}
	return redactor{strings.NewReplacer(pairs...)}
}

func collectSecrets(values *[]string, v resource.PropertyValue, secret bool) {
	switch {
	case v.IsSecret():
		collectSecrets(values, v.SecretValue().Element, true)
	case v.IsOutput():
		collectSecrets(values, v.OutputValue().Element, secret || v.OutputValue().Secret)
	case v.IsArray():
		for _, e := range v.ArrayValue() {
			collectSecrets(values, e, secret)
		}
	case v.IsObject():
		m := v.ObjectValue()
		for key, e := range m {
			held := isSecretObject(m) && (key == "data" || key == "stringData")
			collectSecrets(values, e, secret || held)
		}
	case v.IsString() && secret:
		text := v.StringValue()
		forms := []string{text, base64.StdEncoding.EncodeToString([]byte(text))}
		if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
			forms = append(forms, string(decoded))
		}
		for _, form := range forms {
			if len(form) >= shortest {
				*values = append(*values, form)
			}
		}
	}
}

func (r redactor) clean(text string) string {
	if r.replacer == nil {
		return text
	}
	return r.replacer.Replace(text)
}

func (r redactor) cleanAll(texts []string) []string {
	cleaned := make([]string, len(texts))
	for i, t := range texts {
		cleaned[i] = r.clean(t)
	}
	return cleaned
}
